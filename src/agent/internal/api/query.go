package api

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"sandkeep.dev/agent/internal/files"
)

// query reads the parameters of a request. The first that is wrong is in err; it must be looked at before any is used.
type query struct {
	values url.Values
	err    error
}

func queryOf(r *http.Request) *query {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		err = invalid("The query of %s %s cannot be read: %v", r.Method, r.URL.Path, err)
	}
	return &query{values, err}
}

func (q *query) refuse(err error) {
	if q.err == nil {
		q.err = err
	}
}

// path is an absolute path, given as it is or, with Bytes behind the name, in base64.
func (q *query) path(name string) string {
	path := q.values.Get(name)
	if text := q.values.Get(name + "Bytes"); text != "" {
		decoded, err := decodeBase64(text)
		if err != nil || path != "" {
			q.refuse(invalid("The parameter %sBytes is %.80q: it must be a path in base64, instead of %s", name, text, name))
		}
		path = decoded
	}
	if err := files.CheckPath(path); err != nil {
		q.refuse(err)
	}
	return path
}

// decodeBase64 reads both alphabets, with padding or without.
func decodeBase64(text string) (string, error) {
	decoded, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "="))
	return string(decoded), err
}

// number is a whole number from 0, nil if it is not given.
func (q *query) number(name string) *int64 {
	text := q.values.Get(name)
	if text == "" {
		return nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		q.refuse(invalid("The parameter %s is %.40q: it must be a whole number from 0 to 9223372036854775807", name, text))
	}
	return &n
}

// flag is true or false, false by default.
func (q *query) flag(name string) bool {
	text := q.values.Get(name)
	if text == "" {
		return false
	}
	flag, err := strconv.ParseBool(text)
	if err != nil {
		q.refuse(invalid("The parameter %s is %.40q: it must be true or false", name, text))
	}
	return flag
}

// mode is permissions in octal, nil if they are not given.
func (q *query) mode() *uint32 {
	text := q.values.Get("mode")
	if text == "" {
		return nil
	}
	n, err := strconv.ParseUint(text, 8, 12)
	if err != nil {
		q.refuse(invalid("The parameter mode is %.40q: it must be permissions in octal, from 0 to 7777", text))
	}
	return new(uint32(n))
}
