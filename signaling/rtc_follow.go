package signaling

import (
	"context"
	"maps"
	"slices"

	"google.golang.org/protobuf/proto"

	"preau/signaling/class"
	"preau/signaling/classpb"
)

// rtcFollowing is owned by a forwarding's goroutine.
type rtcFollowing struct {
	over      bool
	here      *classpb.State
	there     *classpb.State
	profile   *classpb.Profile // as the other class was told last
	connected bool             // the other class was told that media is there
	tracks    map[string]*forwardedTrack
}

func newRTCFollowing() rtcFollowing {
	return rtcFollowing{tracks: map[string]*forwardedTrack{}}
}

// forwardedTrack is what the other class was told of a track, and what came of it.
type forwardedTrack struct {
	told  *classpb.Track // nil: nothing, or it was refused
	muted bool           // in the first class, as the other was told
	tried bool           // it was refused: not again before something changes
	open  bool           // at the media peer, in the other class
}

// hearHere follows the class that the person is in.
func (f *rtcForward) hearHere(ctx context.Context, b class.Batch) {
	f.here = applied(f.here, b)
	p := f.here.GetParticipants()[f.session.participant]
	if b.Goodbye != 0 || !class.Present(f.here, f.session.participant) || p.GetSid() != f.session.sid {
		f.over = true
		return
	}
	f.reconcile(ctx)
}

// hearThere follows the class that it goes to.
func (f *rtcForward) hearThere(ctx context.Context, b class.Batch) {
	f.there = applied(f.there, b)
	for _, e := range b.Events {
		if t := f.tracks[e.GetTrackUnpublished().GetSid()]; t != nil { // by that class: it may come back
			t.told, t.tried = nil, false
		}
	}
	guest := f.there.GetParticipants()[f.participant]
	if b.Goodbye != 0 || !class.Present(f.there, f.participant) || guest.GetSid() != f.sid {
		f.over = true
		if class.Present(f.there, f.participant) && guest.GetSid() != f.sid {
			f.replaced.Store(true)
		}
		return
	}
	f.reconcile(ctx)
}

// applied is a view after a batch. Numbers withheld from it leave gaps.
func applied(s *classpb.State, b class.Batch) *classpb.State {
	if b.Snapshot != nil {
		s = proto.CloneOf(b.Snapshot)
	}
	if s == nil {
		return nil
	}
	for _, e := range b.Events {
		class.Apply(s, e)
	}
	s.Seq = max(s.GetSeq(), b.Through)
	return s
}

// reconcile tells the other class what it does not know yet, and holds the gates to what it says.
func (f *rtcForward) reconcile(ctx context.Context) {
	if f.here == nil || f.there == nil {
		return
	}
	p := f.here.GetParticipants()[f.session.participant]
	f.tellProfile(ctx, p.GetProfile())
	if !f.connected && p.GetConnectedSid() == p.GetSid() {
		f.connected = f.told(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_SetConnected{
			SetConnected: &classpb.SetConnected{Participant: f.participant, Sid: f.sid},
		}})
	}
	published := map[string]*classpb.Track{}
	for sid, t := range f.here.GetTracks() {
		if t.GetParticipant() == p.GetId() {
			published[sid] = t
		}
	}
	for _, sid := range slices.Sorted(maps.Keys(f.tracks)) {
		if published[sid] == nil {
			f.unpublish(ctx, sid)
		}
	}
	for _, sid := range slices.Sorted(maps.Keys(published)) {
		f.tellTrack(ctx, published[sid])
	}
	f.gate()
}

// tellProfile tells what the person has changed of themselves. What the other class says of the guest
// holds until then.
func (f *rtcForward) tellProfile(ctx context.Context, now *classpb.Profile) {
	was := f.profile
	if was == nil {
		was = &classpb.Profile{Name: f.claims.Name, Metadata: f.claims.Metadata, Attributes: f.claims.Attributes}
	}
	set := &classpb.SetProfile{Participant: f.participant, Attributes: map[string]string{}}
	if now.GetName() != was.GetName() {
		set.Name = proto.String(now.GetName())
	}
	if now.GetMetadata() != was.GetMetadata() {
		set.Metadata = proto.String(now.GetMetadata())
	}
	for key, value := range now.GetAttributes() {
		if was.GetAttributes()[key] != value {
			set.Attributes[key] = value
		}
	}
	for key := range was.GetAttributes() {
		if _, still := now.GetAttributes()[key]; !still {
			set.Attributes[key] = "" // deletes it
		}
	}
	f.profile = now
	if set.Name != nil || set.Metadata != nil || len(set.GetAttributes()) > 0 {
		f.told(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_SetProfile{SetProfile: set}})
	}
}

// tellTrack publishes a track there, or tells what has changed of it.
func (f *rtcForward) tellTrack(ctx context.Context, t *classpb.Track) {
	sid := t.GetSid()
	ft := f.tracks[sid]
	if ft == nil {
		ft = &forwardedTrack{}
		f.tracks[sid] = ft
	}
	as := proto.CloneOf(t)
	as.Participant, as.Order, as.Muted, as.MutedByTeacher = f.participant, 0, false, false
	there, may := f.there.GetTracks()[sid], class.MayPublish(f.there, f.participant, t.GetSource())
	switch {
	case there == nil && !may:
		ft.told, ft.tried = nil, false // again as soon as it may
		return
	case there == nil && ft.tried:
		return
	case there == nil || !proto.Equal(as, ft.told):
		publish := proto.CloneOf(as)
		publish.Muted = t.GetMuted() // counts for a new one
		ok := f.told(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_PublishTrack{PublishTrack: &classpb.PublishTrack{Track: publish}}})
		if ok && there == nil {
			ft.muted = t.GetMuted()
		}
		ft.told, ft.tried = as, true
	}
	if ft.muted == t.GetMuted() {
		return
	}
	ft.muted = t.GetMuted()
	f.told(ctx, class.By(f.participant), &classpb.Command{Body: &classpb.Command_Mute{Mute: &classpb.Mute{Sid: sid, Muted: ft.muted}}})
}

// unpublish ends a track there. One that was refused for want of room may have it now.
func (f *rtcForward) unpublish(ctx context.Context, sid string) {
	delete(f.tracks, sid)
	if t := f.there.GetTracks()[sid]; t.GetParticipant() == f.participant {
		f.told(ctx, class.Node(), &classpb.Command{Body: &classpb.Command_UnpublishTrack{UnpublishTrack: &classpb.UnpublishTrack{Sid: sid}}})
	}
	for _, ft := range f.tracks {
		ft.tried = false
	}
}

// told has the other class decide; false: it would not, and the track or the change is not there.
func (f *rtcForward) told(ctx context.Context, a class.Actor, c *classpb.Command) bool {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	_, err := f.room.Do(ctx, a, c)
	f.session.counted(err)
	if err != nil {
		f.log.Info("rtc: forwarding", "error", err)
	}
	return err == nil
}

// gate holds the media peer to what the other class has, and lets through.
func (f *rtcForward) gate() {
	for _, sid := range slices.Sorted(maps.Keys(f.tracks)) {
		ft, t := f.tracks[sid], f.there.GetTracks()[sid]
		open := t.GetParticipant() == f.participant && !t.GetMuted() && class.MayPublish(f.there, f.participant, t.GetSource())
		if open != ft.open {
			ft.open = open
			f.session.doNow(OpenForwarded{Class: f.class, SID: sid, Open: open})
		}
	}
}
