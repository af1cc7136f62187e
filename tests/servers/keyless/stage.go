package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// patience is how long a program may take until it answers.
const patience = 30 * time.Second

// stage is the services.
type stage struct {
	folder, peers string
	// withLogs is whether there is a log of certificates, and Rekor is version 1.
	withLogs bool
	// fulcio, rekor, tsa and certificates are base URLs; the last is of the log of certificates, if any.
	fulcio, rekor, tsa, certificates string
	// database is that of the logs, if any.
	database *database
}

// start starts the services, and writes what signers and verifiers are told of them.
func (s *stage) start() error {
	ports, err := freePorts(4)
	if err != nil {
		return err
	}
	s.fulcio = "http://127.0.0.1:" + ports[0]
	s.tsa = "http://127.0.0.1:" + ports[3]
	// Without the flag it would ask time servers outside. It needs port 2112 for its metrics, so it comes
	// first: Rekor 1 wants the same port, and goes on without it.
	if err := s.spawn("timestamp-server", []string{
		"serve", "--host", "127.0.0.1", "--port", ports[3], "--scheme", "http", "--disable-ntp-monitoring",
	}); err != nil {
		return err
	}
	if err := s.fetch(s.tsa+"/api/v1/timestamp/certchain", "tsa.pem"); err != nil {
		return err
	}
	if s.withLogs {
		err = s.startLogs()
	} else {
		err = s.startTiles()
	}
	if err != nil {
		return err
	}
	if err := s.spawn("fulcio", []string{
		"serve", "--ca", "fileca", "--fileca-cert", s.path("fulcio.pem"),
		"--fileca-key", s.path("fulcio.key"), "--fileca-key-passwd", "none", "--fileca-watch=false",
		"--config-path", s.path("fulcio.json"), "--ct-log-url", s.certificates,
		"--host", "127.0.0.1", "--port", ports[0], "--grpc-host", "127.0.0.1",
		"--grpc-port", ports[1], "--metrics-port", ports[2],
		// cosign 2 asks by an older protocol, which it answers through a socket; this one has no file.
		"--legacy-unix-domain-socket", "@fulcio-of-a-test-" + ports[0],
	}); err != nil {
		return err
	}
	if err := s.fetch(s.fulcio+"/api/v2/configuration", "fulcio.answer"); err != nil {
		return err
	}
	return s.describe()
}

// startTiles starts Rekor 2.
func (s *stage) startTiles() error {
	ports, err := freePorts(3)
	if err != nil {
		return err
	}
	s.rekor = "http://127.0.0.1:" + ports[0]
	if err := os.MkdirAll(s.path("log"), 0o700); err != nil {
		return err
	}
	if err := s.spawn("rekor-server", []string{
		"serve", "--http-port", ports[0], "--grpc-port", ports[1],
		"--http-metrics-port", ports[2], "--hostname", "127.0.0.1",
		"--signer-filepath", s.path("rekor.key"), "--storage-dir", s.path("log"),
		"--checkpoint-interval", "500ms",
	}); err != nil {
		return err
	}
	return s.fetch(s.rekor+"/healthz", "rekor.answer")
}

// stop removes what does not end, or go, by itself.
func (s *stage) stop() {
	if s.database != nil {
		s.database.remove()
	}
}

// describe lets cosign write trusted_root.json and signing_config.json.
func (s *stage) describe() error {
	const since = ",start-time=2024-01-01T00:00:00Z"
	const more = since + ",operator=test"
	stamp := s.tsa + "/api/v1/timestamp"
	root := []string{
		"trusted-root", "create", "--out", s.path("trusted_root.json"),
		"--fulcio", "url=" + s.fulcio + ",certificate-chain=" + s.path("fulcio.pem"),
		"--tsa", "url=" + stamp + ",certificate-chain=" + s.path("tsa.pem"),
	}
	log, version := "url="+s.rekor+",public-key="+s.path("rekor.pub")+since, "2"
	if s.withLogs {
		certificates := "url=" + s.certificates + ",public-key=" + s.path("certificates.pub") + since
		root, version = append(root, "--ctfe", certificates), "1"
	} else {
		log += ",origin=127.0.0.1"
	}
	if err := s.cosign(append(root, "--rekor", log)...); err != nil {
		return err
	}
	return s.cosign("signing-config", "create",
		"--fulcio", "url="+s.fulcio+",api-version=1"+more,
		"--rekor", "url="+s.rekor+",api-version="+version+more, "--rekor-config", "ANY",
		"--tsa", "url="+stamp+",api-version=1"+more, "--tsa-config", "ANY",
		"--out", s.path("signing_config.json"))
}

// cosign runs cosign once.
func (s *stage) cosign(arguments ...string) error {
	command := exec.Command(filepath.Join(s.peers, "cosign"), arguments...)
	command.Env = []string{"HOME=" + s.folder}
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("cosign %v: %w: %s", arguments, err, output)
	}
	return nil
}

// spawn starts a program that ends when this one does; what it says goes into a file.
func (s *stage) spawn(name string, arguments []string) error {
	output, err := os.Create(s.path(name + ".log"))
	if err != nil {
		return err
	}
	command := exec.Command(filepath.Join(s.peers, name), arguments...)
	command.Env = []string{"HOME=" + s.folder}
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return fmt.Errorf("starting %s: %w", name, err)
	}
	return nil
}

// fetch waits until an address answers, and keeps the answer.
func (s *stage) fetch(url, name string) error {
	var last error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		response, err := http.Get(url)
		if err != nil {
			last = err
			continue
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil && response.StatusCode == http.StatusOK {
			return os.WriteFile(s.path(name), body, 0o600)
		}
		last = fmt.Errorf("%s: %s: %s", url, response.Status, body)
	}
	return last
}

func (s *stage) path(name string) string { return filepath.Join(s.folder, name) }

// freePorts returns ports that nobody listens on.
func freePorts(count int) ([]string, error) {
	var ports []string
	for range count {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer func() { _ = listener.Close() }()
		ports = append(ports, fmt.Sprint(listener.Addr().(*net.TCPAddr).Port))
	}
	return ports, nil
}
