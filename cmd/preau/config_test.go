package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const longSecret = "0123456789abcdef0123456789abcdef"

func TestConfigSaysEveryErrorAtOnce(t *testing.T) {
	raw := rawConfig{Config: Config{Bind: "nowhere", Port: 70000, NodeIPs: []string{"x"}, PublicURL: "ftp://a"}, keys: "a: short"}
	_, err := raw.checked()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{"bind:", "port: 70000", "node-ip:", "public-url:", `secret of "a"`, "data:"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not mention %q:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Error("the error shows the secret")
	}
}

func TestDevNeedsNothing(t *testing.T) {
	c, err := rawConfig{Config: Config{Dev: true}}.checked()
	if err != nil {
		t.Fatal(err)
	}
	if c.Bind != "127.0.0.1" || c.Keys[devKey].Secret != devSecret || !c.OpenClasses {
		t.Errorf("got %+v", c)
	}
}

func TestKeys(t *testing.T) {
	keys, err := parseKeys("a: "+longSecret+", lyon/b: "+longSecret, false)
	if err != nil {
		t.Fatal(err)
	}
	if keys["a"].Tenant != "" || keys["b"].Tenant != "lyon" {
		t.Errorf("got %+v", keys)
	}
	for _, bad := range []string{"", "a", "a:", ": x", "a: short", "a: " + longSecret + ",a: " + longSecret} {
		if _, err := parseKeys(bad, false); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func TestUnknownKeyInFileIsAnError(t *testing.T) {
	path := filepath.Join(t.TempDir(), "preau.yaml")
	text := "prot: 7880\nkeys:\n  a: " + longSecret + "\ndata: " + t.TempDir() + "\nnode-ip: [127.0.0.1, bad]\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	err := command(&bytes.Buffer{}, &bytes.Buffer{}).Run(context.Background(), []string{"preau", "serve", "--config", path})
	if err == nil || !strings.Contains(err.Error(), `unknown key "prot"`) || !strings.Contains(err.Error(), `node-ip: "bad"`) {
		t.Errorf("got %v", err)
	}
}

func TestEnvironmentAndFlagsBeatTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "preau.yaml")
	if err := os.WriteFile(path, []byte("keys: {a: "+longSecret+"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	sign := func(args ...string) string {
		t.Helper()
		var out bytes.Buffer
		args = append([]string{"preau", "token", "--room", "r", "--identity", "i"}, args...)
		if err := command(&out, &out).Run(context.Background(), args); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	t.Setenv("PREAU_CONFIG", path)
	if n := strings.Count(sign(), "."); n != 2 {
		t.Error("no token from the file's key")
	}
	t.Setenv("PREAU_KEYS", "b: "+longSecret)
	if sign("--key", "b") == "" {
		t.Error("no token from the environment's key")
	}
}

func TestLinkHidesTheInviteFromServerLogs(t *testing.T) {
	var out bytes.Buffer
	err := command(&out, &out).Run(context.Background(), []string{"preau", "link", "--dev", "--class", "5e-b", "--url", "https://classes.example.fr/"})
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(out.String(), "https://classes.example.fr/join#i=ey"); n != 2 {
		t.Errorf("got %s", out.String())
	}
}
