package link

import "time"

// Names of the profiles that Préau is measured on: the links that its pupils
// have, and what befalls them. Down is towards the far end.
const (
	Good     = "good"      // a home's fibre
	LossyDSL = "lossy-dsl" // an overloaded line with a bad splice
	EDGE     = "edge"
	GPRS     = "gprs"
	Thin64   = "64"
	Thin48   = "48"
	Thin32   = "32"
	Drop     = "drop" // 1,200 kb/s, 100 for 25 s, and back

	Uplink300  = "uplink-300"  // a teacher on a thin uplink
	UplinkDrop = "uplink-drop" // whose uplink falls for 25 s
	UplinkLoss = "uplink-loss" // or loses 3 %

	Burst3   = "burst"     // 3 % lost in runs of 5
	Outage5  = "outage-5"  // nothing passes for so many seconds
	Outage20 = "outage-20" //
	Outage60 = "outage-60"
	NoUDP    = "no-udp"         // a firewall that passes TCP alone
	OnePort  = "one-port"       // one that passes TCP to port 443 alone
	Address  = "address"        // the far host's address changes, as from Wi-Fi to mobile
	SharedMb = "1000"           // 1 Mb/s, for a class beside a download
	Mobile   = "mobile"         // a jittery 4G box that many share
	Free     = "free"           // nothing but the pair of devices
	WarmUp   = 20 * time.Second // before a story's first change
)

// way is a direction in the words of the tables: kb/s (0: free), one-way
// milliseconds, per cent lost, kilobytes of queue.
func way(kilobits, milliseconds int, percent float64, kilobytes int) Way {
	return Way{
		Rate:  Rate(kilobits) * Kilobit,
		Delay: time.Duration(milliseconds) * time.Millisecond,
		Loss:  percent / 100,
		Queue: kilobytes * 1000,
	}
}

// Profiles are all named ones, those of the committed table first.
func Profiles() []Profile {
	return append(still(), changing()...)
}

func still() []Profile {
	fast := way(0, 20, 0, 64)
	both := func(name string, w Way) Profile { return Profile{Name: name, Down: w, Up: w} }
	burst := way(1000, 50, 0, 48)
	burst.Burst = Burst{Share: 0.03, Mean: 5}
	tcp := way(0, 50, 0, 64)
	tcp.NoUDP = true
	strict := tcp
	strict.OnlyPort = 443
	mobile := way(2000, 40, 0.5, 96)
	mobile.Jitter = 60 * time.Millisecond
	return []Profile{
		both(Good, fast),
		{Name: LossyDSL, Down: way(300, 50, 5, 32), Up: way(200, 50, 5, 32)},
		both(EDGE, way(200, 325, 1, 32)),
		{Name: GPRS, Down: way(80, 325, 1, 16), Up: way(40, 325, 1, 16)},
		both(Thin64, way(64, 150, 2, 16)),
		both(Thin48, way(48, 150, 2, 16)),
		both(Thin32, way(32, 325, 5, 16)),
		{Name: Uplink300, Down: fast, Up: way(300, 50, 0, 32)},
		{Name: UplinkLoss, Down: way(0, 50, 3, 64), Up: way(0, 50, 3, 64)},
		both(Burst3, burst),
		both(NoUDP, tcp),
		both(OnePort, strict),
		both(SharedMb, way(1000, 40, 0, 64)),
		both(Mobile, mobile),
		{Name: Free},
	}
}

func changing() []Profile {
	wide, thin := way(1200, 125, 0.5, 48), way(100, 125, 0.5, 48)
	up := way(500, 125, 0.5, 48)
	good, home := way(2000, 40, 0, 64), way(800, 40, 0, 64)
	return []Profile{
		{Name: Drop, Down: wide, Up: up, Script: []Step{
			{At: WarmUp, Down: thin, Up: up},
			{At: WarmUp + 25*time.Second, Down: wide, Up: up},
		}},
		{Name: UplinkDrop, Down: wide, Up: wide, Script: []Step{
			{At: WarmUp, Down: wide, Up: thin},
			{At: WarmUp + 25*time.Second, Down: wide, Up: wide},
		}},
		{Name: Address, Down: good, Up: home, Script: []Step{
			{At: WarmUp, Down: good, Up: home, Move: true},
		}},
		outage(Outage5, 5*time.Second, good, home),
		outage(Outage20, 20*time.Second, good, home),
		outage(Outage60, 60*time.Second, good, home),
	}
}

func outage(name string, length time.Duration, down, up Way) Profile {
	cutDown, cutUp := down, up
	cutDown.Cut, cutUp.Cut = true, true
	return Profile{Name: name, Down: down, Up: up, Script: []Step{
		{At: WarmUp, Down: cutDown, Up: cutUp},
		{At: WarmUp + length, Down: down, Up: up},
	}}
}
