package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/urfave/cli/v3"

	"preau/signaling/access"
	"preau/signaling/classpb"
)

// tokenCommand is `preau token`: an access token for one person, as an
// application of the school's own would sign it.
func tokenCommand(out io.Writer) *cli.Command {
	var (
		signer signer
		token  access.Token
		role   string
	)
	return &cli.Command{
		Name:  "token",
		Usage: "sign an access token for one person in one class",
		Flags: append(
			signer.flags(),
			&cli.StringFlag{Name: "room", Usage: "name of the class", Required: true, Destination: &token.Class},
			&cli.StringFlag{Name: "identity", Usage: "who it is, for the machine: the same person, the same word", Required: true, Destination: &token.Identity},
			&cli.StringFlag{Name: "name", Usage: "who it is, for people", Destination: &token.Name},
			&cli.StringFlag{Name: "role", Usage: "teacher, presenter, pupil or observer", Value: "pupil", Destination: &role},
			&cli.DurationFlag{Name: "ttl", Usage: "how long it is good for", Value: access.TokenTTL, Destination: &token.TTL},
		),
		Action: func(context.Context, *cli.Command) error {
			parsed, ok := access.ParseRole(role)
			if !ok || parsed == classpb.Role_ROLE_RECORDER {
				return fmt.Errorf("role: %q is not teacher, presenter, pupil or observer", role)
			}
			token.Role = parsed
			keys, key, err := signer.key()
			if err != nil {
				return err
			}
			text, err := keys.Sign(key, token)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(out, text)
			return err
		},
	}
}

// linkCommand is `preau link`: the two links of a class, for its teacher and
// for its pupils.
func linkCommand(out io.Writer) *cli.Command {
	var (
		signer             signer
		class, title, base string
		noLobby            bool
		ttl                time.Duration
	)
	return &cli.Command{
		Name:  "link",
		Usage: "make a teacher's and a pupils' link of a class",
		Flags: append(
			signer.flags(),
			&cli.StringFlag{Name: "class", Usage: "name of the class, as it stands in addresses", Required: true, Destination: &class},
			&cli.StringFlag{Name: "title", Usage: "name of the class, for people (default: the same)", Destination: &title},
			&cli.BoolFlag{Name: "no-lobby", Usage: "pupils come in without waiting to be let in", Destination: &noLobby},
			&cli.StringFlag{Name: "url", Usage: "how browsers reach the server", Value: "http://127.0.0.1:7880", Destination: &base},
			&cli.DurationFlag{Name: "ttl", Usage: "how long the links are good for", Value: access.InviteTTL, Destination: &ttl},
		),
		Action: func(context.Context, *cli.Command) error {
			keys, key, err := signer.key()
			if err != nil {
				return err
			}
			if title == "" {
				title = class
			}
			teacher, pupils, err := links(keys, key, base, access.Invite{Class: class, Title: title, Lobby: !noLobby, TTL: ttl})
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(out, "teacher: %s\npupils:  %s\n", teacher, pupils)
			return err
		},
	}
}

// links are the addresses by which a teacher and pupils enter a class. The
// invite stands behind the #, so that no server or proxy writes it to a log.
func links(keys access.Keys, key, base string, i access.Invite) (teacher, pupils string, err error) {
	link := func(role classpb.Role) string {
		i.Role = role
		invite, e := keys.SignInvite(key, i)
		err = errors.Join(err, e)
		return strings.TrimRight(base, "/") + "/join#i=" + invite
	}
	teacher = link(classpb.Role_ROLE_TEACHER)
	pupils = link(classpb.Role_ROLE_PUPIL)
	return teacher, pupils, err
}

// signer is where a command that signs finds its key: the same settings as
// `preau serve`, so that one environment or file serves both.
type signer struct {
	file configFile
	keys string
	name string
	dev  bool
}

func (s *signer) flags() []cli.Flag {
	return []cli.Flag{
		configFlag(&s.file),
		keysFlag(&s.keys, &s.file),
		&cli.StringFlag{Name: "key", Usage: "name of the key to sign with (default: the first)", Destination: &s.name},
		&cli.BoolFlag{Name: "dev", Usage: "sign with the key of `preau serve --dev`", Destination: &s.dev},
	}
}

func (s *signer) key() (access.Keys, string, error) {
	s.file.load()
	if s.file.err != nil {
		return nil, "", s.file.err
	}
	keys, err := parseKeys(s.keys, s.dev)
	if err != nil {
		return nil, "", err
	}
	if s.name != "" {
		if _, ok := keys[s.name]; !ok {
			return nil, "", fmt.Errorf("key: no key is called %q", s.name)
		}
		return keys, s.name, nil
	}
	name, _ := keys.For(keys.Tenants()[0])
	return keys, name, nil
}
