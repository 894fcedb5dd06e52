package room_test

import (
	"testing"

	"preau/signaling/room"
	"preau/signaling/room/logtest"
)

func TestMemoryLogs(t *testing.T) {
	logtest.Run(t, room.NewMemoryLogs)
}

func TestFileLogs(t *testing.T) {
	logtest.Run(t, func() room.Logs {
		logs, err := room.NewFileLogs(t.TempDir(), room.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return logs
	})
}

// Whatever was left by one program must be found by the next.
func TestFileLogsAcrossPrograms(t *testing.T) {
	logtest.Run(t, func() room.Logs { return &restarting{t: t, dir: t.TempDir()} })
}
