package process

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"

	"sandkeep.dev/agent/internal/fault"
)

// input is a process's standard input. It is written at offsets, of the stream or of each writer, so that a retry after a broken
// link repeats no byte.
type input struct {
	id string
	// turn is held by the one request that writes.
	turn chan struct{}
	// terminal: closing means sending the end-of-file character.
	terminal bool
	// onInput is called before input is written.
	onInput func()

	mu      sync.Mutex
	file    *os.File
	offset  int64
	closed  bool
	writers writers
}

// Input is where a process's standard input stands.
type Input struct {
	// Offset of the next byte.
	Offset int64 `json:"offset"`
	// Closed: there will be no more.
	Closed bool `json:"closed"`
}

const endOfFile = 0x04

func newInput(id string, file *os.File) *input {
	return &input{id: id, file: file, turn: make(chan struct{}, 1)}
}

func (in *input) state() Input { return in.stateFor("") }

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	if in.file != nil && !in.terminal {
		_ = in.file.Close()
	}
	in.file = nil
}

// Place is where a piece of input belongs.
type Place struct {
	// Writer, if not empty, is one of several who write: its input goes behind all that there is.
	Writer string
	// Offset of the piece in the stream, or in what its writer has sent; negative: where that stands.
	Offset int64
}

// WriteStdin writes body to the process's standard input as the bytes from a place on, and closes it afterwards if eof. Bytes
// that were written before are skipped. It waits while the process does not read, until ctx ends. It returns where the stream
// stands, or what its writer has sent. Errors: conflict, with the expected offset in details, if bytes are missing before;
// failed_precondition if it is closed or the process reads no more.
func (p *Process) WriteStdin(ctx context.Context, place Place, body io.Reader, eof bool) (Input, error) {
	in := p.input
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return in.stateFor(place.Writer), ctx.Err()
	}
	at := in.stateFor(place.Writer).Offset
	offset := place.Offset
	if offset < 0 {
		offset = at
	}
	if offset > at {
		return in.stateFor(place.Writer), fault.New(fault.Conflict, fault.Process, "Cannot write to the standard input of process %q at %d: it has got %d bytes: send from there", in.id, offset, at).With("offset", at)
	}
	if _, err := io.CopyN(io.Discard, body, at-offset); err != nil && !errors.Is(err, io.EOF) {
		return in.stateFor(place.Writer), err
	}
	if err := in.copy(ctx, place.Writer, body); err != nil {
		return in.stateFor(place.Writer), err
	}
	if eof {
		in.end(ctx)
	}
	return in.stateFor(place.Writer), nil
}

// stateFor is where the stream stands, with the offset of what a writer has sent if there is one.
func (in *input) stateFor(writer string) Input {
	in.mu.Lock()
	defer in.mu.Unlock()
	if writer == "" {
		return Input{in.offset, in.closed}
	}
	return Input{in.writers.sent(writer), in.closed}
}

func (in *input) copy(ctx context.Context, writer string, body io.Reader) error {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	for {
		n, readErr := body.Read(b[:])
		if n > 0 {
			if err := in.write(ctx, writer, b[:n]); err != nil {
				return err
			}
		}
		if readErr == io.EOF {
			return nil
		}
		if readErr != nil {
			return readErr
		}
	}
}

func (in *input) write(ctx context.Context, writer string, p []byte) error {
	in.mu.Lock()
	file, closed := in.file, in.closed
	in.mu.Unlock()
	if closed || file == nil {
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot write to the standard input of process %q: it is closed", in.id)
	}
	in.onInput()
	n, err := interruptibly(ctx, file, p)
	in.mu.Lock()
	in.offset += int64(n)
	if writer != "" {
		in.writers.add(writer, int64(n))
	}
	in.mu.Unlock()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EIO), errors.Is(err, os.ErrClosed):
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot write to the standard input of process %q: it reads no more", in.id)
	}
	return err
}

// interruptibly writes until ctx ends.
func interruptibly(ctx context.Context, file *os.File, p []byte) (int, error) {
	interrupted := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		_ = file.SetWriteDeadline(time.Unix(1, 0))
		close(interrupted)
	})
	n, err := file.Write(p)
	if !stop() {
		<-interrupted
		_ = file.SetWriteDeadline(time.Time{})
	}
	return n, err
}

// end closes the pipe, or sends a terminal the character that ends input.
func (in *input) end(ctx context.Context) {
	in.mu.Lock()
	file := in.file
	if in.closed {
		file = nil
	}
	in.closed = true
	in.mu.Unlock()
	switch {
	case file == nil:
	case in.terminal:
		_, _ = interruptibly(ctx, file, []byte{endOfFile})
	default:
		_ = file.Close()
	}
}

// feed gives the process all of its input from memory.
func (in *input) feed(all []byte) {
	ctx := context.Background()
	_ = in.write(ctx, "", all)
	in.end(ctx)
}
