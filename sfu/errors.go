package sfu

import "errors"

// Errors callers tell apart with errors.Is.
var (
	ErrClosed      = errors.New("sfu: closed")
	ErrNoTrack     = errors.New("sfu: no such track")
	ErrTrackExists = errors.New("sfu: track exists already")
	ErrPeerExists  = errors.New("sfu: participant is connected already")
	ErrSlow        = errors.New("sfu: the peer is too slow")
	ErrNoChannel   = errors.New("sfu: the data channel is not open")
	ErrTooLarge    = errors.New("sfu: too large")
	ErrDescription = errors.New("sfu: unusable session description")
	ErrCandidate   = errors.New("sfu: unusable ICE candidate")
	ErrMode        = errors.New("sfu: not in this negotiation mode")
	ErrLimit       = errors.New("sfu: too many tracks")
)
