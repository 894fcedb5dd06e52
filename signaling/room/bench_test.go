package room_test

import (
	"fmt"
	"sync"
	"testing"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/room"
)

// deaf is a member that takes everything.
type deaf struct{}

func (deaf) Deliver(class.Batch) bool { return true }

// running is an open class for a benchmark.
func running(b *testing.B, logs room.Logs) *room.Room {
	b.Helper()
	h := room.NewSchool(logs, room.Options{})
	ended := make(chan error, 1)
	ctx := b.Context()
	go func() { ended <- h.Run(ctx) }()
	return maths(b, h)
}

func files(b *testing.B) room.Logs {
	b.Helper()
	logs, err := room.NewFileLogs(b.TempDir(), room.FileOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return logs
}

// BenchmarkCommands: chat of so many senders at once, with 300 members who hear it.
func BenchmarkCommands(b *testing.B) {
	for name, logs := range map[string]func() room.Logs{
		"memory": room.NewMemoryLogs, "file": func() room.Logs { return files(b) },
	} {
		for _, senders := range []int{1, 16, 300} {
			b.Run(fmt.Sprintf("%s/%d", name, senders), func(b *testing.B) {
				r := running(b, logs())
				var who []string
				for i := range 300 {
					who = append(who, pupil(b, r, fmt.Sprint("pupil ", i)))
					attachAs(b, r, class.Viewer{Participant: who[i]}, "", 0, deaf{})
				}
				b.ResetTimer()
				var all sync.WaitGroup
				for i := range senders {
					all.Go(func() {
						for range b.N/senders + 1 {
							do(b, r, who[i], say("hello", ""))
						}
					})
				}
				all.Wait()
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
			})
		}
	}
}

// BenchmarkBell: 300 pupils join and attach at once, to the last snapshot.
func BenchmarkBell(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		r := running(b, files(b))
		teacher(b, r)
		b.StartTimer()
		var all sync.WaitGroup
		for i := range 300 {
			all.Go(func() {
				who := join(b, r, fmt.Sprint("pupil ", i), classpb.Role_ROLE_PUPIL)
				attachAs(b, r, class.Viewer{Participant: who}, "", 0, deaf{})
				r.Connected(who)
			})
		}
		all.Wait()
	}
}
