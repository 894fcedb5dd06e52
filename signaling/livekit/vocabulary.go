package livekit

import (
	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/classpb"
)

// Attributes of a participant that only the class writes.
const (
	AttributeRole = "role" // "teacher", "presenter", "pupil", "observer", "recorder"
	AttributeHand = "hand" // "raised", or absent
)

// HandRaised is the value of AttributeHand.
const HandRaised = "raised"

// VoiceLow names the second rendition of a microphone. Only its publisher sees that track.
const VoiceLow = "voice-low"

// sources are all that can be published, in the order permissions list them.
var sources = [...]classpb.Source{
	classpb.Source_SOURCE_CAMERA,
	classpb.Source_SOURCE_MICROPHONE,
	classpb.Source_SOURCE_SCREEN,
	classpb.Source_SOURCE_SCREEN_AUDIO,
}

// RoleName is the word for a role in tokens and attributes, empty for an unknown one.
func RoleName(r classpb.Role) string {
	switch r {
	case classpb.Role_ROLE_TEACHER:
		return "teacher"
	case classpb.Role_ROLE_PRESENTER:
		return "presenter"
	case classpb.Role_ROLE_PUPIL:
		return "pupil"
	case classpb.Role_ROLE_OBSERVER:
		return "observer"
	case classpb.Role_ROLE_RECORDER:
		return "recorder"
	}
	return ""
}

// Kind is the class's word for a kind of participant; both have the same numbers.
func Kind(k lk.ParticipantInfo_Kind) classpb.ParticipantKind { return classpb.ParticipantKind(k) }

// TrackSource is LiveKit's name of a source.
func TrackSource(s classpb.Source) lk.TrackSource {
	switch s {
	case classpb.Source_SOURCE_CAMERA:
		return lk.TrackSource_CAMERA
	case classpb.Source_SOURCE_MICROPHONE:
		return lk.TrackSource_MICROPHONE
	case classpb.Source_SOURCE_SCREEN:
		return lk.TrackSource_SCREEN_SHARE
	case classpb.Source_SOURCE_SCREEN_AUDIO:
		return lk.TrackSource_SCREEN_SHARE_AUDIO
	}
	return lk.TrackSource_UNKNOWN
}

// Source of a track. Clients may leave it unknown: then audio counts as a microphone and video as a
// camera, so that no track escapes the class's rules.
func Source(s lk.TrackSource, t lk.TrackType) classpb.Source {
	switch s {
	case lk.TrackSource_CAMERA:
		return classpb.Source_SOURCE_CAMERA
	case lk.TrackSource_MICROPHONE:
		return classpb.Source_SOURCE_MICROPHONE
	case lk.TrackSource_SCREEN_SHARE:
		return classpb.Source_SOURCE_SCREEN
	case lk.TrackSource_SCREEN_SHARE_AUDIO:
		return classpb.Source_SOURCE_SCREEN_AUDIO
	}
	if t == lk.TrackType_AUDIO {
		return classpb.Source_SOURCE_MICROPHONE
	}
	return classpb.Source_SOURCE_CAMERA
}

// Goodbye says how a LiveKit client is to take the end of its membership.
func Goodbye(r classpb.GoodbyeReason) *lk.LeaveRequest {
	leave := &lk.LeaveRequest{Action: lk.LeaveRequest_DISCONNECT}
	switch r {
	case classpb.GoodbyeReason_GOODBYE_REASON_ENDED:
		leave.Reason = lk.DisconnectReason_ROOM_DELETED
	case classpb.GoodbyeReason_GOODBYE_REASON_REMOVED,
		classpb.GoodbyeReason_GOODBYE_REASON_REFUSED,
		classpb.GoodbyeReason_GOODBYE_REASON_BANNED:
		leave.Reason = lk.DisconnectReason_PARTICIPANT_REMOVED
	case classpb.GoodbyeReason_GOODBYE_REASON_REPLACED:
		leave.Reason = lk.DisconnectReason_DUPLICATE_IDENTITY
	case classpb.GoodbyeReason_GOODBYE_REASON_LEFT:
		leave.Reason = lk.DisconnectReason_CLIENT_INITIATED
	case classpb.GoodbyeReason_GOODBYE_REASON_SHUTDOWN:
		return Reconnect(lk.DisconnectReason_SERVER_SHUTDOWN)
	default:
		return Reconnect(lk.DisconnectReason_STATE_MISMATCH)
	}
	return leave
}

// Reconnect asks the client to join anew.
func Reconnect(r lk.DisconnectReason) *lk.LeaveRequest {
	return &lk.LeaveRequest{CanReconnect: true, Reason: r, Action: lk.LeaveRequest_RECONNECT}
}

// Resume asks the client to come back to the session it has.
func Resume(r lk.DisconnectReason) *lk.LeaveRequest {
	return &lk.LeaveRequest{CanReconnect: true, Reason: r, Action: lk.LeaveRequest_RESUME}
}

func disconnectReason(r classpb.LeaveReason) lk.DisconnectReason {
	switch r {
	case classpb.LeaveReason_LEAVE_REASON_LEFT:
		return lk.DisconnectReason_CLIENT_INITIATED
	case classpb.LeaveReason_LEAVE_REASON_LOST:
		return lk.DisconnectReason_CONNECTION_TIMEOUT
	case classpb.LeaveReason_LEAVE_REASON_REMOVED,
		classpb.LeaveReason_LEAVE_REASON_REFUSED,
		classpb.LeaveReason_LEAVE_REASON_BANNED:
		return lk.DisconnectReason_PARTICIPANT_REMOVED
	case classpb.LeaveReason_LEAVE_REASON_ENDED:
		return lk.DisconnectReason_ROOM_DELETED
	}
	return lk.DisconnectReason_UNKNOWN_REASON
}

// ReasonOf tells a LiveKit client why a command was refused.
func ReasonOf(c classpb.Code) lk.RequestResponse_Reason {
	switch c {
	case classpb.Code_CODE_UNSPECIFIED:
		return lk.RequestResponse_OK
	case classpb.Code_CODE_FORBIDDEN, classpb.Code_CODE_BANNED:
		return lk.RequestResponse_NOT_ALLOWED
	case classpb.Code_CODE_NOT_FOUND:
		return lk.RequestResponse_NOT_FOUND
	case classpb.Code_CODE_FULL, classpb.Code_CODE_RATE:
		return lk.RequestResponse_LIMIT_EXCEEDED
	case classpb.Code_CODE_INVALID:
		return lk.RequestResponse_INVALID_REQUEST
	}
	return lk.RequestResponse_UNCLASSIFIED_ERROR
}
