package room_test

import (
	"context"
	"testing"

	"preau/signaling/room"
)

// restarting opens the directory anew for every call.
type restarting struct {
	t   *testing.T
	dir string
}

func (r *restarting) logs() room.Logs {
	logs, err := room.NewFileLogs(r.dir, room.FileOptions{})
	if err != nil {
		r.t.Fatal(err)
	}
	return logs
}

func (r *restarting) Create(ctx context.Context, tenant, name, session string) (room.Log, error) {
	return r.logs().Create(ctx, tenant, name, session)
}

func (r *restarting) OpenSessions(ctx context.Context) ([]room.Session, error) {
	return r.logs().OpenSessions(ctx)
}
