package supervisor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Health says how to tell that a component works; all that is given has to hold. The zero value holds always.
type Health struct {
	// URL has to answer 200, over TLS with the certificates of PKI.
	URL string `json:"url,omitempty"`
	// Certificate names a certificate and key in PKI to show to URL.
	Certificate string `json:"certificate,omitempty"`
	PKI         string `json:"pki,omitempty"`
	// Socket is a unix socket that has to accept connections, and to answer URL if there is one.
	Socket string `json:"socket,omitempty"`
}

type prober struct {
	health Health
	client func() (*http.Client, error)
}

func newProber(health Health) *prober {
	return &prober{health, sync.OnceValues(func() (*http.Client, error) { return clientFor(health) })}
}

// check returns nil when the component works, else what is wrong.
func (p *prober) check(ctx context.Context) error {
	if p.health.URL == "" {
		return p.dial(ctx)
	}
	client, err := p.client()
	if err != nil {
		return err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, p.health.URL, nil)
	if err != nil {
		return err
	}
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	// Only a connection whose answer was read to its end is used again.
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", p.health.URL, response.Status)
	}
	return nil
}

func (p *prober) dial(ctx context.Context) error {
	if p.health.Socket == "" {
		return nil
	}
	connection, err := (&net.Dialer{}).DialContext(ctx, "unix", p.health.Socket)
	if err != nil {
		return err
	}
	return connection.Close()
}

func clientFor(health Health) (*http.Client, error) {
	transport := &http.Transport{MaxIdleConnsPerHost: 1, IdleConnTimeout: 10 * time.Second}
	if health.Socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", health.Socket)
		}
	}
	if health.PKI != "" {
		authority, err := os.ReadFile(health.PKI + "/ca.crt")
		if err != nil {
			return nil, err
		}
		certificate, err := tls.LoadX509KeyPair(health.PKI+"/"+health.Certificate+".crt", health.PKI+"/"+health.Certificate+".key")
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(authority) {
			return nil, errors.New("ca.crt holds no certificate")
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, Certificates: []tls.Certificate{certificate}}
	}
	return &http.Client{Transport: transport}, nil
}
