// Package room: skeleton by the lead so that others compile; its author replaces this file.
package room

import (
	"context"
	"log/slog"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// Member is whoever hears a class. Deliver must not block and must not change
// what it is given; false: too slow, the room lets it go.
type Member interface{ Deliver(b class.Batch) bool }

type FileOptions struct{ Log *slog.Logger }

func NewMemoryLogs() Logs                                 { return nil }
func NewFileLogs(dir string, o FileOptions) (Logs, error) { return nil, nil }

type Result struct {
	Seq         uint64
	Participant string
}
type (
	School struct{}
	Room   struct{}
)

func NewSchool(logs Logs, o Options) *School    { return &School{} }
func (h *School) Ready() <-chan struct{}        { return nil }
func (h *School) Run(ctx context.Context) error { return nil }
func (h *School) Open(ctx context.Context, c *classpb.OpenClass, a class.Actor) (*Room, error) {
	return nil, nil
}
func (h *School) Get(tenant, name string) (*Room, bool) { return nil, false }
func (h *School) ByCode(code string) (*Room, bool)      { return nil, false }
func (h *School) List(tenant string) []*Room            { return nil }
func (r *Room) Key() (tenant, name string)              { return "", "" }
func (r *Room) Session() string                         { return "" }
func (r *Room) Code() string                            { return "" }
func (r *Room) Do(ctx context.Context, a class.Actor, c *classpb.Command) (Result, error) {
	return Result{}, nil
}

func (r *Room) Attach(ctx context.Context, v class.Viewer, session string, since uint64, m Member) (func(), error) {
	return nil, nil
}
func (r *Room) State(ctx context.Context) (*classpb.State, error) { return nil, nil }
func (r *Room) Connected(participant string) func()               { return nil }
func (r *Room) Done() <-chan struct{}                             { return nil }
