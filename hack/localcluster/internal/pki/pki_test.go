package pki

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestIssuedCertificatesServeTheirNamesUnderTheAuthority(t *testing.T) {
	folder := t.TempDir()
	authority, err := NewAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	if err := authority.Issue("server", Identity{CommonName: "server", Names: []string{"kubernetes", "10.0.0.1"}}); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.LoadX509KeyPair(filepath.Join(folder, "server.crt"), filepath.Join(folder, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(authority.certificate)
	for _, name := range []string{"kubernetes", "10.0.0.1"} {
		if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: name, Roots: roots}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{DNSName: "other", Roots: roots}); err == nil {
		t.Error("the certificate serves a name that it was not issued for")
	}
}

func TestAKubeconfigCarriesItsCertificateWhole(t *testing.T) {
	folder := t.TempDir()
	authority, err := NewAuthority(folder)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, "kubeconfig")
	if err := authority.WriteKubeconfig(path, "admin", "https://10.0.0.1:6443", Identity{CommonName: "admin", Organization: "system:masters"}); err != nil {
		t.Fatal(err)
	}
	var config struct {
		Users []struct {
			User struct {
				Certificate []byte `json:"client-certificate-data"`
				Key         []byte `json:"client-key-data"`
			}
		}
	}
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &config); err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(config.Users[0].User.Certificate, config.Users[0].User.Key)
	if err != nil {
		t.Fatal(err)
	}
	if pair.Leaf.Subject.CommonName != "admin" || pair.Leaf.Subject.Organization[0] != "system:masters" {
		t.Errorf("it speaks for %v", pair.Leaf.Subject)
	}
}
