package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"time"
)

// writeKeys makes the certificate authority and the keys of the logs.
func writeKeys(folder string) error {
	authority, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	now := time.Now()
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "fulcio of a test", Organization: []string{"akua"}},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.AddDate(100, 0, 0),
		KeyUsage:              x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning},
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLen:            1,
	}
	certificate, err := x509.CreateCertificate(rand.Reader, template, template, authority.Public(), authority)
	if err != nil {
		return err
	}
	if err := write(folder, "fulcio.pem", "CERTIFICATE", certificate); err != nil {
		return err
	}
	if err := writePrivate(folder, "fulcio.key", authority); err != nil {
		return err
	}
	for _, log := range []string{"rekor", "certificates"} {
		if err := writePair(folder, log); err != nil {
			return err
		}
	}
	return nil
}

// writePair makes the key of a log.
func writePair(folder, name string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := write(folder, name+".pub", "PUBLIC KEY", public); err != nil {
		return err
	}
	return writePrivate(folder, name+".key", key)
}

// writePrivate writes a key in PKCS#8.
func writePrivate(folder, name string, key *ecdsa.PrivateKey) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return write(folder, name, "PRIVATE KEY", der)
}

// write writes a PEM file that only its owner reads.
func write(folder, name, kind string, der []byte) error {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(folder, name), text, 0o600); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// writeConfig tells Fulcio of the issuers: people by mail, and workflows of GitHub.
func writeConfig(folder, base string) error {
	issuer := func(path, kind string) map[string]string {
		return map[string]string{"IssuerURL": base + path, "ClientID": audience, "Type": kind}
	}
	config := map[string]any{"OIDCIssuers": map[string]any{
		base + people:    issuer(people, "email"),
		base + workflows: issuer(workflows, "github-workflow"),
	}}
	text, err := json.Marshal(config)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, "fulcio.json"), text, 0o600)
}
