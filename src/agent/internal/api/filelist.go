package api

import (
	"encoding/base64"
	"encoding/json"
	"net/http"

	"sandkeep.dev/agent/internal/files"
)

const (
	defaultListed = 10_000
	maxListed     = 100_000
	// listPart is how many octets of a list are gathered before they are sent.
	listPart = 64 << 10
)

func listFiles(w http.ResponseWriter, _ *http.Request, path string, q *query) error {
	limit, after := q.page()
	if q.err != nil {
		return q.err
	}
	out := &inParts{w: w, part: []byte(`{"items":[`)}
	next, err := files.List(path, after, limit, out.item)
	if err != nil {
		return out.failed(err)
	}
	end := "]}"
	if next != "" {
		end = `],"cursor":"` + base64.RawURLEncoding.EncodeToString([]byte(next)) + `"}`
	}
	out.end(end)
	return nil
}

// page is how many entries a list may have, and the name that they come after.
func (q *query) page() (limit int, after string) {
	limit = defaultListed
	if asked := q.number("limit"); asked != nil {
		if *asked < 1 || *asked > maxListed {
			q.refuse(invalid("The parameter limit is %d: it must be from 1 to %d", *asked, maxListed))
		}
		limit = int(*asked)
	}
	cursor := q.values.Get("cursor")
	after, err := decodeBase64(cursor)
	if err != nil {
		q.refuse(invalid("The parameter cursor is %.80q: it must come from the page before", cursor))
	}
	return limit, after
}

// inParts sends a list as JSON: a short one at once, a long one as it comes.
type inParts struct {
	w     http.ResponseWriter
	part  []byte
	begun bool
	any   bool
}

func (p *inParts) item(info files.Info) error {
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	if p.any {
		p.part = append(p.part, ',')
	}
	p.any = true
	p.part = append(p.part, text...)
	if len(p.part) < listPart {
		return nil
	}
	return p.send()
}

func (p *inParts) send() error {
	if !p.begun {
		p.w.Header().Set("Content-Type", "application/json")
		p.begun = true
	}
	_, err := p.w.Write(p.part)
	p.part = p.part[:0]
	return err
}

func (p *inParts) end(text string) {
	p.part = append(p.part, text...)
	_ = p.send()
}

// failed answers with the error, or breaks off what must not look complete.
func (p *inParts) failed(err error) error {
	if p.begun {
		panic(http.ErrAbortHandler)
	}
	return err
}
