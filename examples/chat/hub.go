package main

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/aionet"
)

// hub is all rooms. It belongs to the loop, as rooms and members do.
type hub struct {
	options
	log     *slog.Logger
	rooms   map[string]*room
	members map[*member]struct{}
	closing bool
}

func newHub(o options, log *slog.Logger) *hub {
	return &hub{options: o, log: log, rooms: map[string]*room{}, members: map[*member]struct{}{}}
}

// serve serves until ctx is cancelled. It then tells everybody, and waits.
func (h *hub) serve(ctx context.Context, listener *aionet.Listener) error {
	own := context.WithoutCancel(ctx) // the server's end is ordered below
	server := asyncio.Go(own, func(ctx context.Context) error { return listener.Serve(ctx, h.handle) }, asyncio.Name("server"))
	if _, err := server.Await(ctx); ctx.Err() == nil {
		return err
	}
	h.closing = true
	for m := range h.members {
		m.leave(goingAway)
	}
	bound, cancel := asyncio.WithTimeout(own, h.goodbye)
	defer cancel()
	if err := listener.Shutdown(bound); err != nil {
		h.log.Warn("some members did not leave in time", "members", len(h.members), "after", h.goodbye)
	}
	_, err := server.Await(own)
	return err
}

// event is what members are told, and, as a message, what they say.
type event struct {
	Type    string    `json:"type"` // welcome, joined, left, message, error
	From    string    `json:"from,omitempty"`
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at,omitzero"`
	Members []string  `json:"members,omitempty"` // of the room, in a welcome
	History []event   `json:"history,omitempty"` // of the room, in a welcome
}

// mostHistory is how many messages a newcomer is shown.
const mostHistory = 50

// room is some members, and what was said lately.
type room struct {
	name    string
	members map[string]*member // by name
	history []event
}

// join puts m into a room, which is made when the first one enters. It returns what
// is wrong if m cannot enter.
func (h *hub) join(m *member) (problem string) {
	r := h.rooms[m.room]
	if r == nil {
		r = &room{name: m.room, members: map[string]*member{}}
	}
	if r.members[m.name] != nil {
		return "somebody in this room has the name " + m.name + " already"
	}
	h.rooms[m.room] = r
	r.members[m.name] = m
	h.members[m] = struct{}{}
	names := make([]string, 0, len(r.members))
	for name := range r.members {
		names = append(names, name)
	}
	slices.SortFunc(names, cmp.Compare[string])
	m.tell(event{Type: "welcome", From: m.name, Members: names, History: r.history})
	r.say(event{Type: "joined", From: m.name, At: time.Now()}, m)
	return ""
}

// part takes m out of its room and tells the others. An empty room is forgotten.
func (h *hub) part(m *member) {
	r := h.rooms[m.room]
	delete(r.members, m.name)
	delete(h.members, m)
	r.say(event{Type: "left", From: m.name, At: time.Now()}, nil)
	if len(r.members) == 0 {
		delete(h.rooms, r.name)
	}
}

// message is something that m says to its room.
func (h *hub) message(m *member, text string) {
	r := h.rooms[m.room]
	e := event{Type: "message", From: m.name, Text: text, At: time.Now()}
	r.history = append(r.history, e)
	if len(r.history) > mostHistory {
		r.history = r.history[1:]
	}
	r.say(e, nil)
}

// say tells everybody in the room but one. It never waits: who does not read is sent
// away (see member.tell).
func (r *room) say(e event, but *member) {
	frame := e.frame() // once for all
	for _, m := range r.members {
		if m != but {
			m.send(frame)
		}
	}
}
