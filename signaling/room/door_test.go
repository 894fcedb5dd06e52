package room_test

import (
	"context"
	"testing"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

func TestTheDoorIsReadWithoutTheRoom(t *testing.T) {
	logs := &restarting{t: t, dir: t.TempDir()}
	h, stop := open(t, logs, room.Options{})
	r := maths(t, h)
	boss, ada := teacher(t, r), pupil(t, r, "ada")
	if d := r.Door(); d.Lobby || d.Ended || d.Session != r.Session() || d.Code != r.Code() || d.Banned("ada") {
		t.Errorf("at first the door says %+v", d)
	}
	before := r.Door()
	do(t, r, boss, &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "Sums"}}})
	do(t, r, boss, &classpb.Command{Body: &classpb.Command_SetLobby{SetLobby: &classpb.SetLobby{Lobby: true}}})
	do(t, r, boss, &classpb.Command{Body: &classpb.Command_Remove{Remove: &classpb.Remove{Participant: ada, Ban: true}}})
	if d := r.Door(); d.Title != "Sums" || !d.Lobby || !d.Banned("ada") || d.Banned("bob") || before.Banned("ada") {
		t.Errorf("changed, the door says %+v", d)
	}
	stop()

	h, stop = open(t, logs, room.Options{})
	defer stop()
	r, _ = h.Get("", "maths")
	if d := r.Door(); d.Title != "Sums" || !d.Lobby || !d.Banned("ada") || d.Code != r.Code() {
		t.Errorf("restored, the door says %+v", d)
	}
	do(t, r, boss, &classpb.Command{Body: &classpb.Command_Unban{Unban: &classpb.Unban{Participant: ada}}})
	if r.Door().Banned("ada") {
		t.Error("unbanned, and still kept out")
	}
	do(t, r, boss, &classpb.Command{Body: &classpb.Command_End{End: &classpb.EndClass{}}})
	if d := r.Door(); !d.Ended || d.Title != "Sums" {
		t.Errorf("the class over, the door says %+v", d)
	}
}

func TestTheDoorIsOfWhatTheLogHolds(t *testing.T) {
	logs := &flaky{Logs: room.NewMemoryLogs()}
	h, stop := open(t, logs, room.Options{})
	defer stop()
	r := maths(t, h)
	title := &classpb.Command{Body: &classpb.Command_SetTitle{SetTitle: &classpb.SetTitle{Title: "Sums"}}}
	logs.refuse.Store(true)
	_, err := r.Do(context.Background(), class.Node(), title)
	wantCode(t, err, classpb.Code_CODE_UNAVAILABLE)
	if d := r.Door(); d.Title == "Sums" {
		t.Error("a title that was not kept")
	}
}
