package signaling

import (
	"strings"
	"time"

	lk "github.com/livekit/protocol/livekit"

	"preau/signaling/class"
	"preau/signaling/classpb"
	"preau/signaling/livekit"
)

const (
	// rtcSimulatedSpeech bounds how long a client pretends to speak.
	rtcSimulatedSpeech = 10 * time.Second
	// rtcForced is how long a client that asked for another kind of candidates has to rejoin.
	rtcForced = time.Minute
)

// rtcResumeFault is what is to go wrong when the client resumes next.
type rtcResumeFault int

const (
	resumeWell rtcResumeFault = iota
	resumeThenLost
	resumeUnheard
)

// simulate brings about what a client wants to be tried with. Everything but the speech concerns
// that client alone, and is no more than it could do to itself.
func (s *rtcSession) simulate(c *lk.SimulateScenario) {
	switch v := c.GetScenario().(type) {
	case *lk.SimulateScenario_SpeakerUpdate:
		s.simulateSpeech(time.Duration(v.SpeakerUpdate) * time.Second)
	case *lk.SimulateScenario_NodeFailure: // without a word: the client finds nobody who knows it
		s.socket.close()
		s.end(nil)
	case *lk.SimulateScenario_Migration: // to where the session is known
		s.socket.close()
	case *lk.SimulateScenario_ServerLeave:
		s.end(&lk.LeaveRequest{Reason: lk.DisconnectReason_SERVER_SHUTDOWN, Action: lk.LeaveRequest_DISCONNECT})
	case *lk.SimulateScenario_LeaveRequestFullReconnect:
		s.end(livekit.Reconnect(lk.DisconnectReason_UNKNOWN_REASON))
	case *lk.SimulateScenario_SwitchCandidateProtocol:
		s.handler.force(s.seat(), v.SwitchCandidateProtocol) // the client rejoins by itself
	case *lk.SimulateScenario_SubscriberBandwidth:
		s.do(LimitBandwidth{BPS: uint64(max(v.SubscriberBandwidth, 0))}, nil)
	case *lk.SimulateScenario_DisconnectSignalOnResume:
		s.resumeFault = resumeThenLost
	case *lk.SimulateScenario_DisconnectSignalOnResumeNoMessages:
		s.resumeFault = resumeUnheard
	}
}

// simulateSpeech has everyone told that this participant speaks, who must be one that could.
func (s *rtcSession) simulateSpeech(d time.Duration) {
	if d <= 0 || s.pretends || !class.MayPublish(s.view, s.participant, classpb.Source_SOURCE_MICROPHONE) {
		return
	}
	s.pretends = true
	s.tellSpeech(Speaker{Participant: s.sid, Level: 0.5, Active: true})
	time.AfterFunc(min(d, rtcSimulatedSpeech), func() {
		s.offer(func() {
			s.pretends = false
			s.tellSpeech(Speaker{Participant: s.sid})
		})
	})
}

func (s *rtcSession) tellSpeech(sp Speaker) {
	e := SpeakersEvent{Speakers: []Speaker{sp}}
	s.speakers(e)
	for _, other := range s.hub.others(s) {
		other.offer(func() { other.speakers(e) })
	}
}

// rtcForcing is the kind of candidates a participant's next session is to use.
type rtcForcing struct {
	protocol lk.CandidateProtocol
	until    time.Time
}

// force remembers it, and forgets those who have not come.
func (h *rtcHandler) force(k seatKey, p lk.CandidateProtocol) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for k, f := range h.forced {
		if time.Now().After(f.until) {
			delete(h.forced, k)
		}
	}
	h.forced[k] = rtcForcing{p, time.Now().Add(rtcForced)}
}

// forcedOn takes what was remembered; UDP: anything goes.
func (h *rtcHandler) forcedOn(k seatKey) lk.CandidateProtocol {
	h.mu.Lock()
	defer h.mu.Unlock()
	f, ok := h.forced[k]
	delete(h.forced, k)
	if !ok || time.Now().After(f.until) {
		return lk.CandidateProtocol_UDP
	}
	return f.protocol
}

// iceServers are those the client may use: all, or with another protocol forced, those it leaves.
func (s *rtcSession) iceServers() []*lk.ICEServer {
	all := iceServers(s.handler.options.Media.ICEServers(s.sid, s.claims.Lifetime))
	if s.forced == lk.CandidateProtocol_UDP {
		return all
	}
	var out []*lk.ICEServer
	for _, server := range all {
		var urls []string
		for _, u := range server.GetUrls() {
			if usable(u, s.forced) {
				urls = append(urls, u)
			}
		}
		if len(urls) > 0 {
			out = append(out, &lk.ICEServer{Urls: urls, Username: server.GetUsername(), Credential: server.GetCredential()})
		}
	}
	return out
}

// usable: over TLS only turns: will do; over TCP whatever does not say UDP (RFC 7065, 3.1).
func usable(url string, p lk.CandidateProtocol) bool {
	if p == lk.CandidateProtocol_TLS {
		return strings.HasPrefix(url, "turns:")
	}
	return strings.HasPrefix(url, "turns:") || strings.HasSuffix(url, "transport=tcp")
}

// clientConfiguration has the client relay everything when it is to use TLS, which only the relay
// speaks.
func (s *rtcSession) clientConfiguration() *lk.ClientConfiguration {
	if s.forced != lk.CandidateProtocol_TLS {
		return nil
	}
	return &lk.ClientConfiguration{ForceRelay: lk.ClientConfigSetting_ENABLED}
}
