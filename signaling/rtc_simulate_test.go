package signaling

import (
	"testing"

	lk "github.com/livekit/protocol/livekit"
)

func (c *rtcClient) simulate(sc *lk.SimulateScenario) {
	c.send(&lk.SignalRequest{Message: &lk.SignalRequest_Simulate{Simulate: sc}})
}

func (c *rtcClient) speaks(sid string, active bool) {
	c.t.Helper()
	c.expect("who speaks", func(m *lk.SignalResponse) bool {
		for _, sp := range m.GetSpeakersChanged().GetSpeakers() {
			if sp.GetSid() == sid && sp.GetActive() == active && (sp.GetLevel() > 0) == active {
				return true
			}
		}
		return false
	})
}

func TestRTCSimulatedSpeech(t *testing.T) {
	s := newRTCSchool(t)
	a, b := s.enter(s.foreign("ada", nil)), s.enter(s.foreign("bob", nil))
	a.expectInfo("bob", func(p *lk.ParticipantInfo) bool { return p.GetSid() == b.sid })
	b.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_SpeakerUpdate{SpeakerUpdate: 1}})
	for _, c := range []*rtcClient{a, b} {
		c.speaks(b.sid, true)
		c.speaks(b.sid, false)
	}
}

// Leaving, in each form a server may ask for it.
func TestRTCSimulatedLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		scenario *lk.SimulateScenario
		reason   lk.DisconnectReason
		action   lk.LeaveRequest_Action
	}{
		"server leave": {
			&lk.SimulateScenario{Scenario: &lk.SimulateScenario_ServerLeave{ServerLeave: true}},
			lk.DisconnectReason_SERVER_SHUTDOWN, lk.LeaveRequest_DISCONNECT,
		},
		"leave, to come back": {
			&lk.SimulateScenario{Scenario: &lk.SimulateScenario_LeaveRequestFullReconnect{LeaveRequestFullReconnect: true}},
			lk.DisconnectReason_UNKNOWN_REASON, lk.LeaveRequest_RECONNECT,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newRTCSchool(t)
			a := s.enter(s.token("ada", teacher))
			a.simulate(c.scenario)
			a.expectLeave(c.reason, c.action)
		})
	}
}

// A failed node says nothing, and knows nobody; a migrated session is found again.
func TestRTCSimulatedNodeFailureAndMigration(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	a.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_Migration{Migration: true}})
	a.silentlyCut()
	again := s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid))
	if again.read().GetReconnect() == nil {
		t.Error("a migrated session does not resume")
	}
	again.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_NodeFailure{NodeFailure: true}})
	again.silentlyCut()
	eventually(t, "the session is forgotten", func() bool { return s.server.rtc.session("/maths", s.id("ada")) == nil })
	l := s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid)).read().GetLeave()
	if l.GetAction() != lk.LeaveRequest_RECONNECT || l.GetReason() != lk.DisconnectReason_STATE_MISMATCH {
		t.Errorf("after a node's failure: %v", l)
	}
}

// silentlyCut reads to the end, which comes without a goodbye.
func (c *rtcClient) silentlyCut() {
	c.t.Helper()
	for {
		m, err := c.tryRead()
		if err != nil {
			return
		}
		if m.GetLeave() != nil {
			c.t.Errorf("a goodbye: %v", m)
		}
	}
}

func TestRTCSimulatedLossOnResume(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	a.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_DisconnectSignalOnResumeNoMessages{DisconnectSignalOnResumeNoMessages: true}})
	a.settled()
	_ = a.conn.Close()
	if m, err := s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid)).tryRead(); err == nil {
		t.Errorf("the first resume is told %v", m)
	}
	second := s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid))
	if second.read().GetReconnect() == nil {
		t.Fatal("the second resume is told nothing")
	}
	second.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_DisconnectSignalOnResume{DisconnectSignalOnResume: true}})
	second.settled()
	_ = second.conn.Close()
	third := s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid))
	if third.read().GetReconnect() == nil {
		t.Fatal("the third resume is told nothing")
	}
	third.expectClose()
	if s.dial("/rtc", s.token("ada", teacher), resumeQuery(a.sid)).read().GetReconnect() == nil {
		t.Error("the fourth does not go well")
	}
}

// A client that wants another kind of candidates joins anew and gets them, once.
func TestRTCForcedProtocols(t *testing.T) {
	s := newRTCSchool(t)
	s.media.servers = []ICEServer{{
		URLs:     []string{"turn:a?transport=udp", "turn:a?transport=tcp", "turns:a:443?transport=tcp"},
		Username: "u", Credential: "c",
	}}
	rejoin := func(p lk.CandidateProtocol) *rtcClient {
		a := s.enter(s.token("ada", teacher))
		a.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_SwitchCandidateProtocol{SwitchCandidateProtocol: p}})
		a.settled()
		return s.enter(s.token("ada", teacher))
	}
	tcp := rejoin(lk.CandidateProtocol_TCP)
	if u := tcp.join.GetIceServers()[0].GetUrls(); !tcp.peer.options.TCPOnly || len(u) != 2 || u[0] != "turn:a?transport=tcp" {
		t.Errorf("TCP: %+v, %v", tcp.peer.options, u)
	}
	tls := rejoin(lk.CandidateProtocol_TLS)
	u := tls.join.GetIceServers()[0].GetUrls()
	if len(u) != 1 || u[0] != "turns:a:443?transport=tcp" || tls.peer.options.TCPOnly ||
		tls.join.GetClientConfiguration().GetForceRelay() != lk.ClientConfigSetting_ENABLED {
		t.Errorf("TLS: %v", tls.join)
	}
	after := s.enter(s.token("ada", teacher))
	if len(after.join.GetIceServers()[0].GetUrls()) != 3 || after.join.GetClientConfiguration() != nil || after.peer.options.TCPOnly {
		t.Errorf("afterwards: %v", after.join)
	}
}

func TestRTCSimulatedBandwidth(t *testing.T) {
	s := newRTCSchool(t)
	a := s.enter(s.token("ada", teacher))
	for _, bps := range []int64{300_000, 0} {
		a.simulate(&lk.SimulateScenario{Scenario: &lk.SimulateScenario_SubscriberBandwidth{SubscriberBandwidth: bps}})
		a.peer.did(t, "the bound", is(LimitBandwidth{BPS: uint64(bps)}))
	}
}
