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

// input is a process's standard input, written at offsets, so that a retry after a broken link repeats no byte.
type input struct {
	id string
	// turn is held by the one request that writes.
	turn chan struct{}
	// terminal: closing means sending the end-of-file character.
	terminal bool

	mu     sync.Mutex
	file   *os.File
	offset int64
	closed bool
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

func (in *input) state() Input {
	in.mu.Lock()
	defer in.mu.Unlock()
	return Input{in.offset, in.closed}
}

func (in *input) close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.closed = true
	if in.file != nil && !in.terminal {
		_ = in.file.Close()
	}
	in.file = nil
}

// WriteStdin writes body to the process's standard input as the bytes from offset on, or from where it stands if offset
// is negative, and closes it afterwards if eof. Bytes that were written before are skipped. It waits while the process
// does not read, until ctx ends. Errors: conflict, with the expected offset in details, if bytes are missing before;
// failed_precondition if it is closed or the process reads no more.
func (p *Process) WriteStdin(ctx context.Context, offset int64, body io.Reader, eof bool) (Input, error) {
	in := p.input
	select {
	case in.turn <- struct{}{}:
		defer func() { <-in.turn }()
	case <-ctx.Done():
		return in.state(), ctx.Err()
	}
	at := in.state().Offset
	if offset < 0 {
		offset = at
	}
	if offset > at {
		return in.state(), fault.New(fault.Conflict, fault.Process, "Cannot write to the standard input of process %q at %d: it has got %d bytes: send from there", in.id, offset, at).With("offset", at)
	}
	if _, err := io.CopyN(io.Discard, body, at-offset); err != nil && !errors.Is(err, io.EOF) {
		return in.state(), err
	}
	if err := in.copy(ctx, body); err != nil {
		return in.state(), err
	}
	if eof {
		in.end(ctx)
	}
	return in.state(), nil
}

func (in *input) copy(ctx context.Context, body io.Reader) error {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	for {
		n, readErr := body.Read(b[:])
		if n > 0 {
			if err := in.write(ctx, b[:n]); err != nil {
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

func (in *input) write(ctx context.Context, p []byte) error {
	in.mu.Lock()
	file, closed := in.file, in.closed
	in.mu.Unlock()
	if closed || file == nil {
		return fault.New(fault.FailedPrecondition, fault.Process, "Cannot write to the standard input of process %q: it is closed", in.id)
	}
	n, err := interruptibly(ctx, file, p)
	in.mu.Lock()
	in.offset += int64(n)
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
	_ = in.write(ctx, all)
	in.end(ctx)
}
