// Package gitops holds what GitOps tools are told of Sandkeep's objects to their own code: kstatus, as Flux, kpt and
// Helm have it, and the Lua interpreter of Argo CD. The objects in testdata are written by test/unit/operator/gitops.test.ts.
package gitops

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

var healths = map[string]struct {
	kstatus status.Status
	argo    string
	message string
}{
	"new":               {status.InProgressStatus, "Progressing", "Waiting for the operator"},
	"changed":           {status.InProgressStatus, "Progressing", "Waiting for the operator"},
	"created":           {status.InProgressStatus, "Progressing", "Not Scheduled: Unschedulable"},
	"scheduled":         {status.InProgressStatus, "Progressing", "Not Started: Pending"},
	"started":           {status.CurrentStatus, "Healthy", "It runs on node a"},
	"probing":           {status.InProgressStatus, "Progressing", "Not Ready: Probing"},
	"probe-timed-out":   {status.InProgressStatus, "Degraded", "Not Ready: ProbeTimedOut"},
	"ready":             {status.CurrentStatus, "Healthy", "It runs on node a"},
	"completed":         {status.CurrentStatus, "Healthy", "Completed: "},
	"error":             {status.CurrentStatus, "Healthy", "Error: "},
	"terminated":        {status.CurrentStatus, "Healthy", "Terminated: "},
	"image-unavailable": {status.FailedStatus, "Degraded", "ImageUnavailable: "},
	"rejected":          {status.FailedStatus, "Degraded", "ClassLimit: "},
	"snapshot-new":      {status.InProgressStatus, "Progressing", "Pending"},
	"snapshot-failed":   {status.FailedStatus, "Degraded", ""},
	"being-deleted":     {status.TerminatingStatus, "Healthy", "It runs on node a"},
}

func TestHealth(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(healths) {
		t.Fatalf("there are %d objects in testdata (%v), and the table has %d", len(files), err, len(healths))
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			want, object := healths[name], read(t, file)
			result, err := status.Compute(&unstructured.Unstructured{Object: object})
			if err != nil {
				t.Fatal(err)
			}
			if result.Status != want.kstatus {
				t.Errorf("kstatus says %s (%s), want %s", result.Status, result.Message, want.kstatus)
			}
			argo, message := argoHealth(t, object)
			if argo != want.argo || !strings.HasPrefix(message, want.message) {
				t.Errorf("Argo CD says %s (%s), want %s (%s…)", argo, message, want.argo, want.message)
			}
		})
	}
}

func read(t *testing.T, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := json.Unmarshal(text, object); err != nil {
		t.Fatal(err)
	}
	return object.Object
}

// argoHealth runs the health script of the object's kind as Argo CD does: with the object as the global `obj`, and no
// library but those that scripts are given.
func argoHealth(t *testing.T, object map[string]any) (status, message string) {
	t.Helper()
	kind := object["kind"].(string)
	script, err := os.ReadFile("../../config/argocd/sandkeep.dev/" + kind + "/health.lua")
	if err != nil {
		t.Fatal(err)
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	for name, open := range map[string]lua.LGFunction{
		lua.BaseLibName: lua.OpenBase, lua.TabLibName: lua.OpenTable, lua.StringLibName: lua.OpenString,
	} {
		state.Push(state.NewFunction(open))
		state.Push(lua.LString(name))
		state.Call(1, 0)
	}
	state.SetGlobal("obj", valueOf(state, object))
	if err := state.DoString(string(script)); err != nil {
		t.Fatal(err)
	}
	health, ok := state.Get(-1).(*lua.LTable)
	if !ok {
		t.Fatalf("%s/health.lua gives %v", kind, state.Get(-1))
	}
	return health.RawGetString("status").String(), health.RawGetString("message").String()
}

func valueOf(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.NewTable()
		for key, member := range value {
			table.RawSetString(key, valueOf(state, member))
		}
		return table
	case []any:
		table := state.NewTable()
		for _, item := range value {
			table.Append(valueOf(state, item))
		}
		return table
	case string:
		return lua.LString(value)
	case bool:
		return lua.LBool(value)
	case int64:
		return lua.LNumber(value)
	case float64:
		return lua.LNumber(value)
	default:
		return lua.LNil
	}
}
