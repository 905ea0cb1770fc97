package semantics_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asyncio-go/asyncio"
	"github.com/asyncio-go/asyncio/asynciotest"
)

// S7: an error is dropped as cancellation if the child's own ctx is cancelled
// and the error says so. Neither alone is enough.
func TestS07_WhatCountsAsCancellation(t *testing.T) {
	cause := errors.New("cause")
	other := errors.New("other")
	for name, c := range map[string]struct {
		returned error
		dropped  bool // if the child's ctx is cancelled with cause
	}{
		"the ctx's error":           {context.Canceled, true},
		"it, wrapped":               {fmt.Errorf("fetch: %w", context.Canceled), true},
		"the cause":                 {cause, true},
		"the cause, wrapped":        {fmt.Errorf("fetch: %w", cause), true},
		"ErrTaskCancelled":          {asyncio.ErrTaskCancelled, true},
		"two of these, joined":      {errors.Join(context.Canceled, cause), true},
		"another error":             {other, false},
		"one joined to the ctx's":   {errors.Join(context.Canceled, other), false},
		"a deadline, not the ctx's": {context.DeadlineExceeded, false},
	} {
		t.Run(name, func(t *testing.T) {
			asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
				ended := map[string]error{}
				group := func(cancel bool) error {
					return asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
						child := asyncio.Go(ctx, func(ctx context.Context) error {
							asyncio.Sleep(ctx, time.Second)
							return c.returned
						})
						asyncio.Go(ctx, func(ctx context.Context) error {
							ended["sibling"] = asyncio.Sleep(ctx, time.Minute)
							return nil
						})
						asyncio.Sleep(ctx, 0)
						if cancel {
							child.Cancel(cause)
						}
						return nil
					})
				}

				if err := group(false); err == nil || err.Error() != c.returned.Error() || ended["sibling"] == nil {
					t.Errorf("not cancelled: the group returned %v, its sibling %v; want %v and a cancelled sibling", err, ended["sibling"], c.returned)
				}
				err := group(true)
				if c.dropped && (err != nil || ended["sibling"] != nil) {
					t.Errorf("cancelled by handle: the group returned %v, its sibling %v; want neither touched", err, ended["sibling"])
				}
				if !c.dropped && (!errors.Is(err, c.returned) || ended["sibling"] == nil) {
					t.Errorf("cancelled by handle: the group returned %v, its sibling %v; want %v and a cancelled sibling", err, ended["sibling"], c.returned)
				}
			})
		})
	}
}

// S7: the same for the body, whose ctx is the group's.
func TestS07_WhatCountsAsCancellationOfTheBody(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		other := errors.New("other")
		for name, c := range map[string]struct {
			returned error
			want     []error
		}{
			"the ctx's error": {context.Canceled, []error{errBoom}},
			"the cause":       {errBoom, []error{errBoom}},
			"another error":   {other, []error{errBoom, other}},
		} {
			err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
				asyncio.Go(ctx, failing(errBoom))
				forever(ctx)
				return c.returned
			})
			if got := leaves(err); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("%s: the group returned %v, want %v", name, got, c.want)
			}
			if err := asyncio.WithTaskGroup(ctx, failing(c.returned)); !errors.Is(err, c.returned) {
				t.Errorf("%s, while nothing is cancelled: the group returned %v", name, err)
			}
		}
	})
}

// S7: a time-out inside a child is the child's error, not its cancellation.
func TestS07_ATimeOutInsideAChildIsAnError(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				ctx, cancel := asyncio.WithTimeout(ctx, time.Second)
				defer cancel()
				return forever(ctx)
			})
			return nil
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the group returned %v, want DeadlineExceeded", err)
		}
	})
}

// S7: awaiting a task that was cancelled, while one is not, is an error too.
func TestS07_AnAwaitedTasksCancellationIsAnError(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		victim := asyncio.Go(ctx, forever)
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			asyncio.Go(ctx, func(ctx context.Context) error {
				_, err := victim.Await(ctx)
				return err
			})
			asyncio.Sleep(ctx, time.Second)
			victim.Cancel(errBoom)
			return nil
		})
		wantErr(t, "the group", err, context.Canceled, errBoom)
		wantNotErr(t, "the group", err, asyncio.ErrTaskCancelled) // S16: the child was not
	})
}

// S7, S14: a child that was cancelled with its group and yet fails in its own
// way is told apart from those that only obeyed.
func TestS07_OnlyTheObedientAreDropped(t *testing.T) {
	asynciotest.Run(t, func(ctx context.Context, t *testing.T) {
		cleanUp := errors.New("clean-up failed")
		err := asyncio.WithTaskGroup(ctx, func(ctx context.Context) error {
			for range 5 {
				asyncio.Go(ctx, forever)
			}
			asyncio.Go(ctx, func(ctx context.Context) error {
				forever(ctx)
				return cleanUp
			})
			asyncio.Sleep(ctx, 0)
			return errBoom
		})
		expectErrors(t, err, errBoom, cleanUp)
	})
}
