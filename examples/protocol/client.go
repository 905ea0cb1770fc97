package main

import (
	"fmt"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// A client is one connection: the callbacks of aionet.Protocol.
type client struct {
	server *server
	t      *aionet.Transport
	in     lines
	errors int // in a row
	full   bool
	more   bool // requests wait for the next turn
	ended  bool // the client sends no more
	heard  time.Time
	alarm  *asyncio.Handle
}

// turn is how many requests of a client are handled before others have theirs: what comes
// at once may be ten thousand.
const turn = 100

// mostErrors is how many errors in a row a client may make.
const mostErrors = 10

// ConnectionMade is the beginning.
func (c *client) ConnectionMade(t *aionet.Transport) {
	c.t, c.heard = t, time.Now()
	c.server.join(c)
	c.watch(c.server.cfg.idle)
}

// DataReceived takes what has come. The bytes are lent: lines copies what it keeps.
func (c *client) DataReceived(data []byte) {
	c.server.stats.bytes += int64(len(data))
	c.in.feed(data)
	c.handle()
}

// handle answers what was asked, as long as the answers find room, and turn by turn.
func (c *client) handle() {
	for n := 0; !c.full && !c.t.IsClosing(); n++ {
		if n == turn {
			c.more = true
			c.t.PauseReading()
			c.t.Loop().CallSoon(c.goOn)
			return
		}
		line, ok, err := c.in.next()
		if err != nil {
			c.server.stats.errors++
			c.leave("ERROR " + err.Error())
			return
		}
		if !ok {
			if c.ended {
				c.t.Close()
			}
			return
		}
		c.heard = time.Now()
		c.answer(line)
	}
}

// goOn is the next turn. No more is read until all that has come is handled.
func (c *client) goOn() {
	c.more = false
	c.handle()
	if !c.more && !c.full && !c.t.IsClosing() {
		c.t.ResumeReading()
	}
}

func (c *client) answer(line []byte) {
	c.server.stats.requests++
	reply, err := c.server.do(string(line))
	switch {
	case err == errQuit:
		c.leave("BYE")
	case err == nil:
		c.errors = 0
		c.say(reply)
	default:
		c.server.stats.errors++
		if c.errors++; c.errors >= mostErrors {
			c.leave("ERROR too many errors")
			return
		}
		c.say("ERROR " + err.Error())
	}
}

func (c *client) say(line string) { fmt.Fprintf(c.t, "%s\n", line) }

// leave says a last word and closes. If that does not get through, because the other
// side does not read, the alarm cuts the connection off.
func (c *client) leave(word string) {
	if c.t.IsClosing() {
		return
	}
	c.say(word)
	c.t.Close()
	c.watch(lastWord)
}

// lastWord is how long a client has to take the last word.
const lastWord = 5 * time.Second

// EOFReceived: the client may have sent its requests, and wait for the answers.
func (c *client) EOFReceived() (keepOpen bool) {
	c.ended = true
	c.handle()
	return true // handle closes when all has been answered
}

// PauseWriting: the client does not read its answers. Neither are its requests read.
func (c *client) PauseWriting() {
	c.full = true
	c.t.PauseReading()
}

// ResumeWriting goes on where handle left off.
func (c *client) ResumeWriting() {
	c.full = false
	if !c.t.IsClosing() {
		c.goOn()
	}
}

// ConnectionLost is the end. err tells why, nil if it was in order.
func (c *client) ConnectionLost(err error) {
	c.alarm.Cancel()
	c.server.part(c, err)
}

// watch has the alarm look after the client in d.
func (c *client) watch(d time.Duration) {
	if c.alarm != nil {
		c.alarm.Cancel()
	}
	c.alarm = c.t.Loop().CallLater(d, c.ring)
}

// ring is the alarm. It is not moved with each request, but looks how long ago the last
// one was: a request costs nothing that way.
func (c *client) ring() {
	left := c.server.cfg.idle - time.Since(c.heard)
	switch {
	case c.t.IsClosing():
		c.t.Abort()
	case left > 0:
		c.watch(left)
	default:
		c.server.stats.idle++
		c.leave("BYE idle")
	}
}
