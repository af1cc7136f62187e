package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// certificates is the path of the log of certificates.
const certificates = "certificates"

// startLogs starts the logs that keep their trees in Trillian: the one of certificates, and Rekor 1.
func (s *stage) startLogs() error {
	ports, err := freePorts(7)
	if err != nil {
		return err
	}
	s.database, err = newDatabase(filepath.Join(s.peers, "trillian.sql"), ports[0])
	if err != nil {
		return err
	}
	s.rekor = "http://127.0.0.1:" + ports[5]
	s.certificates = "http://127.0.0.1:" + ports[6] + "/" + certificates
	storage := []string{
		"--storage_system=postgresql", "--quota_system=noop", "--postgresql_uri=" + s.database.url(),
		"--logtostderr",
	}
	trillian := "127.0.0.1:" + ports[1]
	server := append(storage, "--rpc_endpoint="+trillian, "--http_endpoint=127.0.0.1:"+ports[2])
	if err := s.spawn("trillian-log-server", server); err != nil {
		return err
	}
	signer := append(storage, "--rpc_endpoint=127.0.0.1:"+ports[3], "--http_endpoint=127.0.0.1:"+ports[4],
		"--force_master", "--sequencer_interval=50ms", "--batch_size=100")
	if err := s.spawn("trillian-log-signer", signer); err != nil {
		return err
	}
	if err := reach(trillian); err != nil {
		return err
	}
	trees := make([]string, 2)
	for index := range trees {
		if trees[index], err = s.createTree(trillian); err != nil {
			return err
		}
	}
	if err := s.writeLogConfig(trees[0]); err != nil {
		return err
	}
	if err := s.spawn("ct-server", []string{
		"--log_config=" + s.path("certificates.cfg"), "--log_rpc_server=" + trillian,
		"--http_endpoint=127.0.0.1:" + ports[6], "--logtostderr",
	}); err != nil {
		return err
	}
	if err := s.spawn("rekor1-server", []string{
		"serve", "--host", "127.0.0.1", "--port", ports[5], "--rekor_server.address", "127.0.0.1",
		"--rekor_server.hostname", "127.0.0.1", "--rekor_server.signer", s.path("rekor.key"),
		"--trillian_log_server.address", "127.0.0.1", "--trillian_log_server.port", ports[1],
		"--trillian_log_server.tlog_id", trees[1],
		// No index: it would be in Redis.
		"--enable_retrieve_api=false", "--enabled_api_endpoints",
		"getLogInfo,getPublicKey,getLogProof,createLogEntry,getLogEntryByUUID,searchLogQuery",
	}); err != nil {
		return err
	}
	if err := s.fetch(s.certificates+"/ct/v1/get-sth", "certificates.answer"); err != nil {
		return err
	}
	return s.fetch(s.rekor+"/api/v1/log/publicKey", "rekor.answer")
}

// createTree makes a tree in Trillian, and returns its number.
func (s *stage) createTree(trillian string) (string, error) {
	command := exec.Command(filepath.Join(s.peers, "trillian-createtree"), "--admin_server="+trillian)
	output, err := command.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			return "", fmt.Errorf("createtree: %w: %s", err, failed.Stderr)
		}
		return "", err
	}
	return strings.TrimSpace(string(output)), nil
}

// writeLogConfig tells the log of certificates whose it takes, and what it signs with.
func (s *stage) writeLogConfig(tree string) error {
	block := func(name string) (string, error) {
		text, err := os.ReadFile(s.path(name))
		if err != nil {
			return "", err
		}
		var escaped strings.Builder
		block, _ := pem.Decode(text)
		for _, one := range block.Bytes {
			fmt.Fprintf(&escaped, "\\x%02x", one)
		}
		return escaped.String(), nil
	}
	private, err := block("certificates.key")
	if err != nil {
		return err
	}
	public, err := block("certificates.pub")
	if err != nil {
		return err
	}
	text := fmt.Sprintf(`config {
  log_id: %s
  prefix: %q
  roots_pem_file: %q
  private_key { [type.googleapis.com/keyspb.PrivateKey] { der: "%s" } }
  public_key { der: "%s" }
  ext_key_usages: "CodeSigning"
}
`, tree, certificates, s.path("fulcio.pem"), private, public)
	return os.WriteFile(s.path("certificates.cfg"), []byte(text), 0o600)
}

// reach waits until somebody listens.
func reach(address string) error {
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		connection, err := net.Dial("tcp", address)
		if err == nil {
			return connection.Close()
		}
		last = err
	}
	return last
}
