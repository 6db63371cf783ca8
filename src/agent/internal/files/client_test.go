package files_test

import (
	"testing"

	"sandkeep.dev/agent/internal/api"
	"sandkeep.dev/agent/internal/apitest"
)

type client struct{ *apitest.Client }

func serve(t testing.TB) *client { return &client{apitest.Serve(t, new(api.API))} }
