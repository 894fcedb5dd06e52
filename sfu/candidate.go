package sfu

import (
	"encoding/json"
	"fmt"

	"github.com/pion/ice/v4"
	"github.com/pion/webrtc/v4"
)

const maxCandidate = 2048

// checkCandidate says whether init is a JSON RTCIceCandidateInit with a candidate of RFC 8839.
func checkCandidate(init string) error {
	if len(init) > maxCandidate {
		return fmt.Errorf("%w: %w", ErrCandidate, ErrTooLarge)
	}
	var c webrtc.ICECandidateInit
	if err := json.Unmarshal([]byte(init), &c); err != nil {
		return fmt.Errorf("%w: %w", ErrCandidate, err)
	}
	if c.Candidate == "" { // the end of candidates
		return nil
	}
	if _, err := ice.UnmarshalCandidate(c.Candidate); err != nil {
		return fmt.Errorf("%w: %w", ErrCandidate, err)
	}
	return nil
}
