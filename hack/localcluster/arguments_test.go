package main

import (
	"reflect"
	"testing"
)

func TestOptionsMayStandAnywhere(t *testing.T) {
	for _, words := range [][]string{
		{"--name", "a", "load", "x.tar"},
		{"load", "--name", "a", "x.tar"},
		{"load", "x.tar", "--name", "a"},
		{"load", "x.tar", "--name=a"},
	} {
		call, err := parse(words)
		if err != nil || call.command != "load" || call.options.Name != "a" || !reflect.DeepEqual(call.operand, []string{"x.tar"}) {
			t.Errorf("%v is %+v, %v", words, call, err)
		}
	}
}

func TestWordsBehindTwoDashesAreOperands(t *testing.T) {
	call, err := parse([]string{"exec", "--name", "a", "--", "ip", "--brief", "address"})
	if err != nil || !reflect.DeepEqual(call.operand, []string{"ip", "--brief", "address"}) {
		t.Errorf("%+v, %v", call, err)
	}
}
