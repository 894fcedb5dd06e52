package main

import (
	"fmt"
	"testing"

	"preau/loadtest/client"
)

// A class whose last one to leave is its teacher leaves nothing in the media plane.
func TestMediaPlaneForgetsAClassThatEmptied(t *testing.T) {
	s := startServer(t, "")
	ctx := inTime(t)
	for i := range 4 {
		lea := s.join(t, fmt.Sprintf("class-%d", i), "lea", teacher, client.Options{SinglePC: true})
		if _, err := lea.PublishMicrophone(ctx); err != nil {
			t.Fatal(err)
		}
		lea.Leave()
	}
	eventually(ctx, t, "the routers are gone", func() bool {
		return s.metric(t, "preau_sfu_peers") == 0 && s.metric(t, "preau_sfu_routers") == 0
	})
}
