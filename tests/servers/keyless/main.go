// Command keyless is a Sigstore deployment on loopback, for tests: Fulcio, Rekor (tiles), a timestamp
// authority, and an OIDC issuer of its own. With "logs" certificates are in a log, too, and Rekor is
// version 1; these keep their trees in Trillian and PostgreSQL.
//
//	keyless FOLDER PEERS [logs]
//
// starts the programs of PEERS, writes the keys, trusted_root.json and signing_config.json into
// FOLDER, prints the base URL of the issuer when everything answers, and ends, with all that it
// started, when its standard input does.
package main

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"runtime"
	"time"
)

func init() {
	// What dies with its parent dies with the thread that started it.
	runtime.LockOSThread()
}

func main() {
	withLogs := len(os.Args) == 4 && os.Args[3] == "logs"
	if len(os.Args) != 3 && !withLogs {
		log.Fatal("usage: keyless FOLDER PEERS [logs]")
	}
	stage := &stage{folder: os.Args[1], peers: os.Args[2], withLogs: withLogs}
	err := run(stage)
	if err == nil {
		_, _ = io.Copy(io.Discard, os.Stdin)
	}
	// Who waits for the end of this process waits for no program that hangs.
	time.AfterFunc(patience, func() { log.Fatal("what was started does not end") })
	stage.stop()
	if err != nil {
		log.Fatal(err)
	}
}

// run starts everything, and says where it is.
func run(stage *stage) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	issuer, err := newIssuer("http://" + listener.Addr().String())
	if err != nil {
		return err
	}
	if err := writeKeys(stage.folder); err != nil {
		return err
	}
	if err := writeConfig(stage.folder, issuer.base); err != nil {
		return err
	}
	go func() { log.Fatal(http.Serve(listener, issuer.routes())) }()
	if err := stage.start(); err != nil {
		return err
	}
	fmt.Println(issuer.base)
	return nil
}
