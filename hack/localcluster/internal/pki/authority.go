// Package pki makes the certificates and kubeconfigs of a cluster.
package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const validity = 10 * 365 * 24 * time.Hour

// Authority signs the certificates of one cluster and keeps them in one folder.
type Authority struct {
	folder      string
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	encoded     []byte
}

// NewAuthority makes a fresh authority and writes its certificate to ca.crt in the folder.
func NewAuthority(folder string) (*Authority, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	template := certificateFor(Identity{CommonName: "sandkeep local cluster"})
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("cannot sign the authority's certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	authority := &Authority{folder, certificate, key, encode("CERTIFICATE", der)}
	return authority, os.WriteFile(filepath.Join(folder, "ca.crt"), authority.encoded, 0o600)
}

// Identity is whom a certificate speaks for, and under which names and addresses it serves.
type Identity struct {
	CommonName   string
	Organization string
	Names        []string
}

// Issue writes NAME.crt and NAME.key, valid for ten years as client and as server.
func (a *Authority) Issue(name string, identity Identity) error {
	_, _, err := a.issue(name, identity)
	return err
}

func (a *Authority) issue(name string, identity Identity) (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, certificateFor(identity), a.certificate, &private.PublicKey, a.key)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot sign the certificate %s: %w", name, err)
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	certificate, key = encode("CERTIFICATE", der), encode("EC PRIVATE KEY", secret)
	if err := os.WriteFile(filepath.Join(a.folder, name+".crt"), certificate, 0o600); err != nil {
		return nil, nil, err
	}
	return certificate, key, os.WriteFile(filepath.Join(a.folder, name+".key"), key, 0o600)
}

// IssueSigningKey writes sa.key and sa.pub, with which service account tokens are signed and checked.
func (a *Authority) IssueSigningKey() error {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(a.folder, "sa.key"), encode("EC PRIVATE KEY", secret), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(a.folder, "sa.pub"), encode("PUBLIC KEY", public), 0o600)
}

func certificateFor(identity Identity) *x509.Certificate {
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	subject := pkix.Name{CommonName: identity.CommonName}
	if identity.Organization != "" {
		subject.Organization = []string{identity.Organization}
	}
	template := &x509.Certificate{
		SerialNumber: serial,
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(validity),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	for _, name := range identity.Names {
		if ip := net.ParseIP(name); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, name)
		}
	}
	return template
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}
