package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"sync"
	"time"
)

// A world is what is around the shop, in goroutines of its own, as it would be on other
// machines.
type world struct {
	office  string // the address of somebody who answers each line after a while
	silence string // and of somebody who never does
	folder  string // for files

	listeners []net.Listener
	done      chan struct{} // closed at the end
}

func openWorld() (*world, error) {
	w := &world{done: make(chan struct{})}
	var err error
	if w.folder, err = os.MkdirTemp("", "sick-"); err != nil {
		return nil, err
	}
	if w.office, err = w.open(w.answer); err != nil {
		w.close()
		return nil, err
	}
	if w.silence, err = w.open(w.ignore); err != nil {
		w.close()
		return nil, err
	}
	return w, nil
}

func (w *world) close() {
	close(w.done)
	for _, l := range w.listeners {
		l.Close()
	}
	os.RemoveAll(w.folder)
}

// open has each connection to the address that it returns served by a goroutine.
func (w *world) open(serve func(conn net.Conn)) (address string, err error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	w.listeners = append(w.listeners, listener)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return listener.Addr().String(), nil
}

func (w *world) answer(conn net.Conn) {
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		time.Sleep(200 * time.Millisecond)
		fmt.Fprintln(conn, "fine")
	}
}

func (w *world) ignore(net.Conn) { <-w.done }

// scale weighs something, in a millisecond. It blocks.
func (w *world) scale(context.Context) (grams int, err error) {
	time.Sleep(time.Millisecond)
	return 125, nil
}

// brokenScale never tells.
func (w *world) brokenScale(ctx context.Context) (grams int, err error) {
	select {
	case <-w.done:
		return 0, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// sendCustomers has ten customers a second come to the shop, each with an order, and
// tells once a second how they fared.
func (w *world) sendCustomers(shop string, say func(format string, args ...any)) (stop func()) {
	c := &customers{shop: shop, say: say, done: make(chan struct{})}
	go c.come()
	return sync.OnceFunc(func() { close(c.done) })
}

type customers struct {
	shop string
	say  func(format string, args ...any)
	done chan struct{}

	mu                        sync.Mutex
	came, served, late, waits int
}

func (c *customers) come() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-c.done:
			return
		case <-tick.C:
			go c.buy(n)
		}
		if n%10 == 0 {
			c.mu.Lock()
			c.say("customers: %d came, %d were served, %d timed out, %d wait", c.came, c.served, c.late, c.waits)
			c.came, c.served, c.late = 0, 0, 0
			c.mu.Unlock()
		}
	}
}

// buy is one customer.
func (c *customers) buy(n int) {
	c.mu.Lock()
	c.came++
	c.waits++
	c.mu.Unlock()
	answer, err := c.ask(n)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits--
	switch {
	case err != nil || answer == "timed out\n":
		c.late++
	default:
		c.served++
	}
}

func (c *customers) ask(n int) (answer string, err error) {
	const patience = 3 * time.Second
	conn, err := net.DialTimeout("tcp", c.shop, patience)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(conn, "order %d: tea\n", n)
	return bufio.NewReader(conn).ReadString('\n')
}
