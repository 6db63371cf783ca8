package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"sandkeep.dev/agent/internal/fault"
)

// A handler answers, or returns why it does not before it has written anything.
type handler func(w http.ResponseWriter, r *http.Request) error

func answer(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := h(w, r); err != nil {
			refuse(w, fault.Of(err))
		}
	})
}

func reply(w http.ResponseWriter, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

func refuse(w http.ResponseWriter, f *fault.Fault) { _ = reply(w, f.Status(), f) }

// decode reads a JSON body of at most limit octets into value, strictly.
func decode(w http.ResponseWriter, r *http.Request, limit int64, value any) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return invalid("Cannot read the body of %s %s: it has more than %d octets", r.Method, r.URL.Path, limit)
	} else if err != nil {
		return err
	}
	// Otherwise each such octet would become another character.
	if !utf8.Valid(body) {
		return invalid("Cannot read the body of %s %s: it is not UTF-8", r.Method, r.URL.Path)
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(value); err != nil {
		return invalid("Cannot read the body of %s %s: %s", r.Method, r.URL.Path, inWords(err))
	}
	if decoder.InputOffset() != int64(len(bytes.TrimRight(body, " \t\r\n"))) {
		return invalid("Cannot read the body of %s %s: something follows the JSON object", r.Method, r.URL.Path)
	}
	return nil
}

// inWords says what is wrong with JSON in the client's terms, without repeating values.
func inWords(err error) string {
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "the JSON is incomplete"
	case errors.As(err, &wrongType) && wrongType.Field == "":
		return "it must be an object, not of type " + wrongType.Value
	case errors.As(err, &wrongType):
		field := strings.TrimPrefix(wrongType.Field, "Request.")
		return "the field " + strconv.Quote(field) + " must not be of type " + wrongType.Value
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

const maxWait = 24 * time.Hour

// waitOf is how long the client is ready to wait: the parameter wait in seconds, 0 by default.
func waitOf(r *http.Request) (time.Duration, error) { return secondsOf(r, "wait", 0) }

// secondsOf is a parameter in seconds, or otherwise if it is missing.
func secondsOf(r *http.Request, name string, otherwise time.Duration) (time.Duration, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, nil
	}
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || !(seconds >= 0 && seconds <= maxWait.Seconds()) {
		return 0, invalid("The parameter %s is %.40q: it must be seconds from 0 to %d", name, text, int(maxWait.Seconds()))
	}
	return time.Duration(seconds * float64(time.Second)), nil
}

// offsetOf is the parameter offset, or otherwise if it is missing.
func offsetOf(r *http.Request, otherwise int64) (int64, error) {
	text := r.URL.Query().Get("offset")
	if text == "" {
		return otherwise, nil
	}
	offset, err := strconv.ParseInt(text, 10, 64)
	if err != nil || offset < 0 {
		return 0, invalid("The parameter offset is %.40q: it must be a whole number from 0", text)
	}
	return offset, nil
}

// flagOf is a parameter that is true or false, false by default.
func flagOf(r *http.Request, name string) (bool, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return false, nil
	}
	flag, err := strconv.ParseBool(text)
	if err != nil {
		return false, invalid("The parameter %s is %.40q: it must be true or false", name, text)
	}
	return flag, nil
}

func invalid(format string, args ...any) error {
	return fault.New(fault.InvalidArgument, fault.Request, format, args...)
}
