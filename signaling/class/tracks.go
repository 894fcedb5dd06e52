package class

import (
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"preau/signaling/classpb"
)

// decidePublishTrack announces a track, or what was learned of it since. A microphone that may not
// be open starts muted.
func decidePublishTrack(d *docket, c *classpb.Command) error {
	if err := checkTrack(c.GetPublishTrack().GetTrack()); err != nil {
		return err
	}
	t := clone(c.GetPublishTrack().GetTrack())
	p, err := d.insider(t.GetParticipant())
	if err != nil {
		return err
	}
	old, source, r := d.state.GetTracks()[t.GetSid()], sourceOf(t), rightsOf(d.state, p)
	switch {
	case old != nil && (old.GetParticipant() != p.GetId() || sourceOf(old) != source):
		return conflict("the track is another's, or of another source")
	case old != nil:
		t.Muted, t.MutedByTeacher, t.Order = old.GetMuted(), old.GetMutedByTeacher(), old.GetOrder()
	case !r.publish(source):
		return forbidden("the participant may not publish this source")
	case d.tracksOf(p, source) >= mostTracks(source):
		return refuse(classpb.Code_CODE_FULL, "the participant has as many tracks of this source as one may")
	default:
		t.MutedByTeacher = !t.GetMuted() && !r.unmute(source)
		t.Muted = t.GetMuted() || t.GetMutedByTeacher()
		t.Order = d.seq + 1 // of the event below
	}
	if !proto.Equal(old, t) {
		d.tell(nil, &classpb.Event{Body: &classpb.Event_TrackPublished{TrackPublished: &classpb.TrackPublished{Track: t}}})
	}
	return nil
}

func checkTrack(t *classpb.Track) error {
	if t.GetSid() == "" || len(t.GetInfo()) > MaxTrackInfoSize {
		return invalid("the track is malformed")
	}
	if err := cleanToken("track's sid", t.GetSid(), maxTokenSize); err != nil {
		return err
	}
	if err := cleanToken("media type", t.GetMime(), maxTokenSize); err != nil {
		return err
	}
	audio, video := t.GetKind() == classpb.TrackKind_TRACK_KIND_AUDIO, t.GetKind() == classpb.TrackKind_TRACK_KIND_VIDEO
	ok := false
	switch t.GetSource() {
	case classpb.Source_SOURCE_MICROPHONE, classpb.Source_SOURCE_SCREEN_AUDIO:
		ok = audio
	case classpb.Source_SOURCE_CAMERA, classpb.Source_SOURCE_SCREEN:
		ok = video
	case classpb.Source_SOURCE_UNSPECIFIED:
		ok = audio || video
	}
	if !ok {
		return invalid("a track of source %v and kind %v", t.GetSource(), t.GetKind())
	}
	return nil
}

// sourceOf is the source whose permission a track needs: foreign clients may name none.
func sourceOf(t *classpb.Track) classpb.Source {
	switch {
	case t.GetSource() != classpb.Source_SOURCE_UNSPECIFIED:
		return t.GetSource()
	case t.GetKind() == classpb.TrackKind_TRACK_KIND_AUDIO:
		return classpb.Source_SOURCE_MICROPHONE
	default:
		return classpb.Source_SOURCE_CAMERA
	}
}

// mostTracks bounds what one person publishes at once, so that nobody takes up the microphones that
// everyone hears. Of those there may be two: a new one is up before the old one is down.
func mostTracks(source classpb.Source) int {
	if source == classpb.Source_SOURCE_MICROPHONE {
		return MaxMicrophones
	}
	return MaxTracksOfSource
}

// decideUnpublishTrack changes nothing for a track that has gone: its owner may have gone first.
func decideUnpublishTrack(d *docket, c *classpb.Command) error {
	if t := d.state.GetTracks()[c.GetUnpublishTrack().GetSid()]; t != nil {
		d.unpublished(t)
	}
	return nil
}

// decideMute: one's own track either way, as far as the rights go; another's only to muted, for
// nobody opens another's microphone.
func decideMute(d *docket, c *classpb.Command) error {
	t, mute := d.state.GetTracks()[c.GetMute().GetSid()], c.GetMute().GetMuted()
	if t == nil {
		return notFound("no such track")
	}
	own := d.actor.Kind == ActorNode || d.actor.ID == t.GetParticipant()
	switch {
	case !own && !d.moderates():
		return forbidden("the track is another's")
	case !own && !mute:
		return forbidden("only its owner unmutes a track")
	case !mute && !MayUnmute(d.state, t.GetParticipant(), sourceOf(t)):
		return forbidden("the participant may not unmute")
	}
	if t.GetMuted() != mute {
		d.muted(t, mute, !own)
	}
	return nil
}

// decideMuteAll mutes all that is heard of pupils: the sound of a screen is as loud as a voice.
func decideMuteAll(d *docket, c *classpb.Command) error {
	if c.GetMuteAll().GetLock() {
		locks := clone(d.state.GetLocks())
		locks.Unmute = true
		d.setLocks(locks)
	}
	for _, t := range d.tracks() {
		pupil := d.state.GetParticipants()[t.GetParticipant()].GetRole() == classpb.Role_ROLE_PUPIL
		if pupil && !t.GetMuted() && t.GetKind() == classpb.TrackKind_TRACK_KIND_AUDIO {
			d.muted(t, true, true)
		}
	}
	return nil
}

// decideSetSid starts a participant's new media session: what the last one published is over.
func decideSetSid(d *docket, c *classpb.Command) error {
	p, sid := d.state.GetParticipants()[c.GetSetSid().GetParticipant()], c.GetSetSid().GetSid()
	if !inside(p) && !waits(p) {
		return notFound("no such participant here")
	}
	if err := cleanToken("sid", sid, maxTokenSize); err != nil || sid == p.GetSid() {
		return err
	}
	for _, t := range d.tracks() {
		if t.GetParticipant() == p.GetId() {
			d.unpublished(t)
		}
	}
	d.tell(about(p), &classpb.Event{Body: &classpb.Event_SidSet{SidSet: &classpb.SidSet{Participant: p.GetId(), Sid: sid}}})
	if sid != "" && c.GetSetSid().GetForwarded() {
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_Forwarded{Forwarded: &classpb.Forwarded{Participant: p.GetId(), Sid: sid}}})
	}
	return nil
}

func decideSetConnected(d *docket, c *classpb.Command) error {
	p, sid := d.state.GetParticipants()[c.GetSetConnected().GetParticipant()], c.GetSetConnected().GetSid()
	if !inside(p) && !waits(p) {
		return notFound("no such participant here")
	}
	if sid != "" && sid == p.GetSid() && sid != p.GetConnectedSid() {
		d.tell(about(p), &classpb.Event{Body: &classpb.Event_MediaConnected{MediaConnected: &classpb.MediaConnected{
			Participant: p.GetId(), Sid: sid,
		}}})
	}
	return nil
}

func (d *docket) unpublished(t *classpb.Track) {
	d.tell(nil, &classpb.Event{Body: &classpb.Event_TrackUnpublished{TrackUnpublished: &classpb.TrackUnpublished{Sid: t.GetSid()}}})
}

func (d *docket) muted(t *classpb.Track, muted, byTeacher bool) {
	d.tell(nil, &classpb.Event{Body: &classpb.Event_TrackMuted{TrackMuted: &classpb.TrackMuted{
		Sid: t.GetSid(), Muted: muted, ByTeacher: byTeacher,
	}}})
}

// tracks are all of them by sid: what Decide yields must not depend on a map's order.
func (d *docket) tracks() []*classpb.Track {
	var all []*classpb.Track
	for _, sid := range slices.Sorted(maps.Keys(d.state.GetTracks())) {
		all = append(all, d.state.GetTracks()[sid])
	}
	return all
}

func (d *docket) tracksOf(p *classpb.Participant, source classpb.Source) int {
	n := 0
	for _, t := range d.state.GetTracks() {
		if t.GetParticipant() == p.GetId() && sourceOf(t) == source {
			n++
		}
	}
	return n
}

func applyTrackPublished(s *classpb.State, e *classpb.Event) {
	t := clone(e.GetTrackPublished().GetTrack())
	s.Tracks[t.GetSid()] = t
}

func applyTrackUnpublished(s *classpb.State, e *classpb.Event) {
	delete(s.Tracks, e.GetTrackUnpublished().GetSid())
}

func applyTrackMuted(s *classpb.State, e *classpb.Event) {
	m := e.GetTrackMuted()
	if t := s.GetTracks()[m.GetSid()]; t != nil {
		t.Muted, t.MutedByTeacher = m.GetMuted(), m.GetMuted() && m.GetByTeacher()
	}
}

func applyMediaConnected(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetMediaConnected().GetParticipant()]; p != nil {
		p.ConnectedSid = e.GetMediaConnected().GetSid()
	}
}

func applyForwarded(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetForwarded().GetParticipant()]; p != nil {
		p.ForwardedSid = e.GetForwarded().GetSid()
	}
}

func applySidSet(s *classpb.State, e *classpb.Event) {
	if p := s.GetParticipants()[e.GetSidSet().GetParticipant()]; p != nil {
		p.Sid = e.GetSidSet().GetSid()
	}
}
