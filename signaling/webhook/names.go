package webhook

// LiveKit's names of the events, and how they are sent. They are protocol/webhook's, which would
// bring a second HTTP client along.
const (
	roomStarted       = "room_started"
	roomFinished      = "room_finished"
	participantJoined = "participant_joined"
	participantLeft   = "participant_left"
	connectionAborted = "participant_connection_aborted"
	trackPublished    = "track_published"
	trackUnpublished  = "track_unpublished"

	contentType = "application/webhook+json"
	userAgent   = "LiveKit"
)
