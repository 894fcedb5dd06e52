package sfu

import (
	"time"

	"github.com/pion/rtcp"
)

// tripMeter measures the round trip to who is sent nothing, so that no reception report tells it: by
// a receiver reference time, which browsers answer with their next report (RFC 3611, 4.4 and 4.5).
type tripMeter struct {
	ssrc uint32 // ours in these; zero: not chosen yet
	sent [4]sentReport
	next int
	trip time.Duration // zero: not known
}

// ask is the next packet to send.
func (m *tripMeter) ask(now time.Time) rtcp.Packet {
	ntp := ntpTime(now)
	m.sent[m.next%len(m.sent)] = sentReport{uint32(ntp >> 16), now}
	m.next++
	return &rtcp.ExtendedReport{SenderSSRC: m.ssrc, Reports: []rtcp.ReportBlock{
		&rtcp.ReceiverReferenceTimeReportBlock{NTPTimestamp: ntp},
	}}
}

// answered takes in the answers, if a packet holds one to what was asked.
func (m *tripMeter) answered(x *rtcp.ExtendedReport, now time.Time) {
	for _, block := range x.Reports {
		dlrr, ok := block.(*rtcp.DLRRReportBlock)
		if !ok {
			continue
		}
		for _, r := range dlrr.Reports {
			for _, sent := range m.sent {
				if r.SSRC != m.ssrc || r.LastRR == 0 || r.LastRR != sent.lsr {
					continue
				}
				held := time.Duration(r.DLRR) * time.Second / 65536
				if trip := now.Sub(sent.at) - held; trip > 0 {
					m.trip = trip
				}
			}
		}
	}
}

// ntpTime is a time as RTCP has it: seconds since 1900, and in the lower half their fractions
// (RFC 3550, 4).
func ntpTime(t time.Time) uint64 {
	const from1900 = 2_208_988_800
	return uint64(t.Unix()+from1900)<<32 | uint64(t.Nanosecond())<<32/uint64(time.Second)
}
