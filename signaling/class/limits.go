package class

// Bounds of a class. Lengths of text are counted in characters (Unicode code points), sizes of
// opaque values in bytes.
const (
	MaxNameLength     = 64
	MaxTitleLength    = 200
	MaxChatLength     = 2000
	MaxIdentitySize   = 256
	MaxClassNameSize  = 128
	MaxRequestIDSize  = 64
	MaxMetadataSize   = 64 << 10 // as LiveKit's; attributes are bounded by it together
	MaxTrackInfoSize  = 32 << 10
	MaxParticipants   = 2000 // in the class and its lobby at once
	MaxRecords        = 5 * MaxParticipants
	MaxMicrophones    = 2   // of one participant
	MaxTracksOfSource = 1   // of one participant: camera, screen, the screen's sound
	MaxChatPool       = 500 // messages kept to everyone, to the teachers, and private ones
	chatSlack         = 50  // above it, before the oldest are forgotten together
	maxEmojiSize      = 32
	maxTokenSize      = 64 // sids and media types
)

// Schema is the version of the schema that events are written with.
const Schema = 1
