package room_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"preau/signaling/class"
	"preau/signaling/room"
)

// crashDirectory, in the environment, makes the test below the program that crashes.
const crashDirectory = "PREAU_TEST_CRASH_DIRECTORY"

// Whatever was answered before a program was killed is there when the next one
// starts.
func TestWhatWasAnsweredOutlivesTheProgram(t *testing.T) {
	if dir := os.Getenv(crashDirectory); dir != "" {
		chatter(t, dir)
		return
	}
	dir := t.TempDir()
	for round := range 3 {
		answered := killedAfter(t, dir, 150)
		logs, err := room.NewFileLogs(dir, room.FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		h, stop := open(t, logs, room.Options{})
		r, ok := h.Get("", "maths")
		if !ok {
			t.Fatal("the class is gone")
		}
		there := map[string]bool{}
		for _, m := range state(t, r).GetChat() {
			there[m.GetText()] = true
		}
		for _, text := range answered {
			if !there[text] {
				t.Errorf("round %d: %q was answered and is lost", round, text)
			}
		}
		stop()
	}
}

// killedAfter runs a program that chats, kills it when so many messages were
// answered, and yields their texts.
func killedAfter(t *testing.T, dir string, n int) (answered []string) {
	t.Helper()
	c := exec.Command(os.Args[0], "-test.run=^TestWhatWasAnsweredOutlivesTheProgram$")
	c.Env = append(os.Environ(), crashDirectory+"="+dir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if text, ok := strings.CutPrefix(lines.Text(), "answered "); ok {
			answered = append(answered, text)
		}
		if len(answered) == n {
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = c.Wait() // killed, it says so
	if len(answered) < n {
		t.Fatalf("%d messages were answered before the program ended", len(answered))
	}
	return answered[len(answered)-n:] // the state keeps the last 500
}

// chatter talks in a class from eight sides until it is killed.
func chatter(t *testing.T, dir string) {
	logs, err := room.NewFileLogs(dir, room.FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h := room.NewSchool(logs, room.Options{CompactEvery: 30})
	go func() { _ = h.Run(context.Background()) }()
	r := maths(t, h)
	said := make(chan string)
	for i := range 8 {
		who := pupil(t, r, fmt.Sprint("pupil ", i))
		r.Connected(who)
		go func() {
			for n := 0; ; n++ {
				text := fmt.Sprintf("%s says %d at %d", who, n, os.Getpid())
				if _, err := r.Do(context.Background(), class.By(who), say(text, "")); err == nil {
					said <- text
				}
			}
		}()
	}
	for text := range said {
		fmt.Println("answered", text)
	}
}
