package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// database is a PostgreSQL of its own, which keeps what the logs of Trillian have.
type database struct {
	programs, folder, port string
	// as is who runs it: PostgreSQL refuses root.
	as     *syscall.Credential
	server *exec.Cmd
}

// newDatabase makes a database with this schema, and starts it.
func newDatabase(schema, port string) (*database, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		return nil, errors.New("PostgreSQL is not installed")
	}
	// Not below the folder of the test, which may be nobody else's business.
	folder, err := os.MkdirTemp("", "keyless-database-")
	if err != nil {
		return nil, err
	}
	d := &database{programs: found[len(found)-1], folder: folder, port: port}
	if err := d.yield(); err != nil {
		return d, err
	}
	data := filepath.Join(folder, "data")
	if err := d.run("initdb", "--pgdata", data, "--username", "test", "--auth", "trust", "--no-sync"); err != nil {
		return d, err
	}
	d.server = d.command("postgres", "-D", data, "-p", port, "-h", "127.0.0.1", "-k", "", "-F",
		"-c", "max_connections=200")
	if err := d.server.Start(); err != nil {
		return d, err
	}
	text, err := os.ReadFile(schema)
	if err != nil {
		return d, err
	}
	// Once it takes the schema it is there.
	for end := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := d.run("psql", "--quiet", "--no-psqlrc", "-v", "ON_ERROR_STOP=1", "-1", d.url(), "-c", string(text))
		if err == nil || time.Now().After(end) {
			return d, err
		}
	}
}

// url is where the database is.
func (d *database) url() string {
	return "postgresql://test@127.0.0.1:" + d.port + "/postgres?sslmode=disable"
}

// yield gives the folder to who is not root, where this is root.
func (d *database) yield() error {
	if os.Getuid() != 0 {
		return nil
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		return err
	}
	uid, err := strconv.ParseUint(nobody.Uid, 10, 32)
	if err != nil {
		return err
	}
	gid, err := strconv.ParseUint(nobody.Gid, 10, 32)
	if err != nil {
		return err
	}
	d.as = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(d.folder, int(uid), int(gid))
}

// command is one of PostgreSQL's programs, which ends when this one does.
func (d *database) command(name string, arguments ...string) *exec.Cmd {
	command := exec.Command(filepath.Join(d.programs, name), arguments...)
	command.Dir, command.Env = d.folder, []string{"HOME=" + d.folder, "LC_ALL=C"}
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Credential: d.as}
	return command
}

// run runs one of PostgreSQL's programs to its end.
func (d *database) run(name string, arguments ...string) error {
	if output, err := d.command(name, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", name, err, output)
	}
	return nil
}

// remove ends the database, and leaves nothing of it.
func (d *database) remove() {
	if d.server != nil && d.server.Process != nil {
		_ = d.server.Process.Signal(syscall.SIGQUIT)
		_ = d.server.Wait()
	}
	_ = os.RemoveAll(d.folder)
}
