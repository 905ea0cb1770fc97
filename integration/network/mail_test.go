package network

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/smtp"
	"net/textproto"
	"strings"
	"sync"
	"testing"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
	"github.com/asyncio-go/asyncio/integration/internal/testloop"
	mailserver "github.com/emersion/go-smtp"
)

// A mailbox is a server of github.com/emersion/go-smtp on package net.
type mailbox struct {
	mu   sync.Mutex
	mail []string
}

func (m *mailbox) NewSession(c *mailserver.Conn) (mailserver.Session, error) {
	if _, secure := c.TLSConnectionState(); !secure {
		return &session{box: m, plain: true}, nil
	}
	return &session{box: m}, nil
}

type session struct {
	box   *mailbox
	plain bool
	from  string
	to    []string
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }

func (s *session) Mail(from string, _ *mailserver.MailOptions) error {
	if s.plain {
		return errors.New("STARTTLS is expected")
	}
	s.from, s.to = from, nil
	return nil
}

func (s *session) Rcpt(to string, _ *mailserver.RcptOptions) error {
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.box.mu.Lock()
	defer s.box.mu.Unlock()
	s.box.mail = append(s.box.mail, fmt.Sprint(s.from, s.to, len(text)))
	return err
}

// net/smtp as a client, with net/textproto and bufio in it, STARTTLS by crypto/tls in
// the middle of the conversation, over an aionet.Conn in one task; many tasks at once.
// The peer is the server of github.com/emersion/go-smtp.
func TestSMTPClient(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		box := &mailbox{}
		s := mailserver.NewServer(box)
		s.TLSConfig = testloop.ServerConfig()
		var serving sync.WaitGroup
		serving.Go(func() { s.Serve(l) })
		defer serving.Wait()
		defer s.Close()
		err = asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for i := range 10 {
				asyncio.Go(ctx, func(ctx context.Context) error {
					c, err := smtp.NewClient(testloop.Dial(ctx, t, l.Addr().String()), "example.com")
					if err != nil {
						return err
					}
					defer c.Close()
					if err := c.StartTLS(testloop.ClientConfig()); err != nil {
						return fmt.Errorf("STARTTLS: %w", err)
					}
					return errors.Join(post(c, fmt.Sprintf("task%d@example.com", i)), c.Quit())
				})
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		box.mu.Lock()
		defer box.mu.Unlock()
		if len(box.mail) != 10 {
			t.Errorf("the mail: %q", box.mail)
		}
		for _, mail := range box.mail {
			if !strings.HasPrefix(mail, "task") || !strings.HasSuffix(mail, "@example.com[anna@example.com ben@example.com] 200000") {
				t.Errorf("mail: %s", mail)
			}
		}
	})
}

// post sends a message of 200,000 bytes, with lines that begin with dots.
func post(c *smtp.Client, from string) error {
	if err := c.Mail(from); err != nil {
		return err
	}
	for _, to := range []string{"anna@example.com", "ben@example.com"} {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := io.WriteString(w, strings.Repeat("..dots\r\n", 25_000)); err != nil {
		return err
	}
	return w.Close()
}

// A mail server written with net/textproto on the loop: a task a connection, and one
// list of mail without a lock. The peer is the client of net/smtp on package net.
func TestTextprotoServer(t *testing.T) {
	testloop.Run(t, func(ctx context.Context) {
		var mail []string
		addr, end := testloop.Serve(ctx, t, func(_ context.Context, conn *aionet.Conn) error {
			c := textproto.NewConn(conn)
			from := ""
			for reply := "220 ready"; ; {
				if err := c.PrintfLine("%s", reply); err != nil {
					return err
				}
				line, err := c.ReadLine()
				if err != nil {
					return err
				}
				switch verb, rest, _ := strings.Cut(line, " "); verb {
				case "EHLO", "RCPT":
					reply = "250 fine"
				case "MAIL":
					from, reply = rest, "250 fine"
				case "DATA":
					if err := c.PrintfLine("354 go ahead"); err != nil {
						return err
					}
					text, err := io.ReadAll(c.DotReader())
					if err != nil {
						return err
					}
					mail = append(mail, fmt.Sprint(from, " ", len(text)))
					reply = "250 received"
				case "QUIT":
					return c.PrintfLine("221 bye")
				default:
					reply = "502 unknown: " + verb
				}
			}
		})
		testloop.Elsewhere(ctx, t, func() error {
			var wg sync.WaitGroup
			failures := make(chan error, 10)
			for range cap(failures) {
				wg.Go(func() {
					c, err := smtp.Dial(addr)
					if err == nil {
						err = errors.Join(post(c, "carla@example.com"), c.Quit())
					}
					failures <- err
				})
			}
			wg.Wait()
			close(failures)
			var all error
			for err := range failures {
				all = errors.Join(all, err)
			}
			return all
		})
		end()
		for _, m := range mail {
			if m != "FROM:<carla@example.com> 175000" { // the reader makes one byte of each end of a line
				t.Errorf("mail: %s", m)
			}
		}
		if len(mail) != 10 {
			t.Errorf("%d messages, want 10", len(mail))
		}
	})
}
