// Package livekit turns class state into LiveKit's messages and LiveKit's requests into class
// commands. It owns the knowledge of both vocabularies, and the decoding of what LiveKit clients
// send: signal frames, join requests, data packets.
//
// It is pure: it must not know sockets, clocks, loggers or the media plane, and runs no goroutine.
//
// # The contract, and the tests that hold the program to it
//
// What LiveKit's clients need of a server, line by line, and where it is shown. Those of
// /rtc in signaling go through the whole handler by real websockets; those in sfu and cmd/preau have
// real media. TestContractNamesTests sees to it that they all exist.
//
// Paths:
//   - /rtc/v1 with a join request, plain or gzip, bounded: TestRTCBothPathsTakeBothForms,
//     TestParseJoinWrapped, TestParseJoinRefusesABomb, TestParseJoinRefusesGarbage, FuzzJoinRequest
//   - validate, its statuses and final words, CORS: TestRTCValidate, TestRTCJoinAfterClose
//   - the v0 query: TestParseJoinQuery, TestRTCSubscriberAllowPause, TestRTCDataTracks
//     (auto_subscribe_data_track), TestRTCResume (reconnect, sid)
//   - a Bearer header: TestRTCBearerHeader
//   - /rtc takes both forms: TestRTCBothPathsTakeBothForms
//   - one connection and two: TestRTCJoinWithOneConnection, TestRTCJoin, TestEveryCodecArrivesWhole
//   - HEAD /, double slashes: TestTheHTTPSurface, TestRTCJoinWithOneConnection
//
// Join:
//   - join is the first message, with all that clients need in it: TestRTCJoin
//   - the join within 5 s, the connection within 15 s: TestRTCJoinIsInTimeBehindAStuckPredecessor,
//     TestReachedAtEveryAddress, TestFirstCheckConnectsALiteAgent
//   - subscriber_primary, fast_publish: TestRTCJoin, TestRTCFastPublish
//   - participant states in order: TestRTCParticipantStatesInOrder
//   - hidden participants: TestRTCHiddenParticipant
//   - who waits in the lobby: TestRTCLobby, TestLobbyLetsNothingThrough
//   - what a client can do, and its metadata: TestRTCClientsAbilitiesAreTold
//   - a participant's kind: TestRTCParticipantKinds
//   - max participants: TestRTCFullClassIsRefused
//   - empty and departure timeouts: TestAClassEndsWhenNobodyComes; present, away and gone:
//     TestWhoHasNoSocketIsAwayThenGone, TestOneSocketOfTwoIsEnough, TestWhoComesBackIsPresentAtOnce
//   - join after close: TestRTCJoinAfterClose, TestAReconnectDoesNotReopenAnEndedClass; what our own
//     page brings in a token's place: TestAPassOpensBothSockets, TestPassesThatAreRefused
//   - protobuf or JSON, both ways: TestRTCTextFrames, TestRTCTextFramesBothWays,
//     TestDecodeRequestInBothForms, FuzzSignalFrame
//   - messages that are not known: TestRTCUnknownMessagesAreIgnored
//
// One peer connection:
//   - the embedded offer, the answer's id and mid_to_track_id, media_sections_requirement:
//     TestRTCJoinWithOneConnection, TestMicrophoneSections
//   - the server never offers: TestRTCBothPathsTakeBothForms
//   - it replies on the data channels that the client opened: TestDataChannels
//
// Two peer connections:
//   - the server offers at once, with its data channels, id and mid map: TestRTCNegotiation,
//     TestDataChannels
//   - a track's TrackInfo comes before its description: TestRTCTrackInfoComesBeforeItsDescription
//
// Messages, core:
//   - offer, answer, trickle, ping and ping_req: TestRTCNegotiation
//   - leave, both ways: TestRTCJoin, TestRTCRemoval, TestGoodbyeTellsTheClientWhatToDo
//   - refresh_token, expiry: TestRTCTokensAreRefreshedAndExpire
//   - room_update: TestRTCRoomUpdate, TestRTCResume
//
// Messages, publishing:
//   - add_track, track_published, TrackInfo complete: TestTrackSurvivesTheClass,
//     TestRTCParticipantStatesInOrder, TestNewTrackInfoRefuses
//   - not allowed: TestRTCPublishingWithoutPermissionIsRefused, TestLockedPupilCannotPublish,
//     TestRTCPermissionsAreLive, TestRTCWhatIsTakenAwayBeforeItWasAddedStaysAway
//   - mute, by either side: TestRTCMuting, TestMuteAndBlock
//   - unpublish and publish again: TestRTCUnpublishAndPublishAgain, TestUnpublishAndPublishAgain
//   - update_audio_track, update_video_track: TestRTCUpdateLocalTracks,
//     TestRTCUpdateOfATrackJustPublished
//   - every codec, alone, in simulcast and in layers that build on each other (SVC), through one
//     connection and through two: TestMatrixOfCodecsAndConnections, TestScalableStreams
//   - RED passed on, and taken off: TestRedundantAudio
//   - rights taken away end the media: TestPermissionWithdrawnStopsMedia,
//     TestSubscriptionWithdrawnStopsMedia
//   - messages of no use are not kept: TestRTCFrivolousFramesAreNotKept; nonsense in place of media:
//     TestGarbage, TestOffersOfNonsense, TestConnectionsOfICEOverTCPAreBounded
//   - track_subscribed, for the first who subscribes: TestRTCTrackSubscribed, TestForwarding
//   - end-to-end encrypted tracks: TestRTCEncryptedTracks
//
// Messages, subscribing:
//   - subscription, subscription_response, auto_subscribe off: TestRTCSubscriptions
//   - by the server's API: TestRTCSubscriptionsByTheServerAPI
//   - track_setting: TestRTCTrackSettings, TestClassOfElevenHearsWithoutASeam
//   - subscription_permission and its update: TestRTCSubscriptionPermission
//   - stream_state_update, speakers_changed, connection_quality: TestRTCReports
//   - connection quality from loss, round trip and missing layers, of both ways: TestJudge, TestGrade,
//     TestUplinkLoss, TestDownlinkLoss, TestRoundTrip, TestDeficit, TestShortfall,
//     TestQualityOfWhoOnlyPublishes; LOST: TestConnectionQualityIsLostWithTheMedia
//   - speakers with levels, also to who comes late: TestSpeakersAreTold, TestSpeakersLevels
//
// Messages, resume: TestRTCResumeOfASessionThatEnds, TestRTCResume, TestRTCResumeInEachForm, TestRTCResumeWithOneConnection,
// TestRTCSyncState, TestRestartICE, TestRestartRenewsCredentials.
//
// Messages, own data: TestRTCUpdateMetadata, TestRTCTooManyRequests.
//
// Messages, data tracks: TestRTCDataTracks, TestRTCDataTrackRate, TestRTCDataTracksRefused,
// TestRTCDataTracksSurviveAResume, TestRTCDataTrackPermissionsAreLive, TestRTCDataTrackNonsense,
// TestDataTracksOverRealChannels.
//
// Messages, optional:
//   - simulate: TestRTCSimulatedSpeech, TestRTCSimulatedLeaves,
//     TestRTCSimulatedNodeFailureAndMigration, TestRTCSimulatedLossOnResume, TestRTCForcedProtocols,
//     TestReachedOverTCPAlone, TestRTCSimulatedBandwidth, TestBandwidthBoundAndNoPause
//   - store and get data blobs: TestRTCDataBlobs, TestBlobKey
//
// Of the optional ones, subscribed_audio_codec_update is not sent: LiveKit's own server sends it of a
// sound that is published in several codecs side by side, livekit-client has no code that reads it, and
// here RED is one stream that is taken apart for who does not know it.
//
// Data channels:
//   - reliable and lossy, to all and to some, under the true sender: TestDataBetweenParticipants,
//     TestRTCDataGoesToTheOthersUnderItsTrueSender, TestFromOverwritesTheSenderAndKeepsTheSequence
//   - a data track's handle is rewritten: TestDataTrackPacketIsRewritten, TestDataTrackPacketRefuses,
//     TestFramePace, FuzzDataTrackPacket
//   - at most 64 kB: TestDataChannels, TestDecodePacketRefusesWhatOnlyServersSend, FuzzDataPacket
//   - sequence, and replay after a resume: TestRTCReliableDataIsReplayed
//   - of a hidden participant, from nobody: TestRTCHiddenParticipant
//   - the last seconds for who is just joining: TestRTCWhoJustJoinsHearsTheLastSeconds,
//     TestRTCReliableDataWaitsForTheChannel, TestRTCRecentIsBounded
//   - text and byte streams and RPC pass: TestStreamsAndCallsPass; chat: TestRTCChatIsAThingOfTheClass,
//     TestChatReader
//
// Resume and leave:
//   - reconnect comes first, sync_state is obeyed: TestRTCResume, TestRTCSyncState
//   - socket lost, media lost, both, neither: TestRTCResumeInEachForm; with media:
//     TestResumeKeepsEverything, TestResumeAfterTheSocketIsLost, TestResumeAfterICEIsLost,
//     TestResumeAfterEverythingIsLost; and what was wished holds on: TestWishesOutliveResumes
//   - an unknown participant, a missing track: TestRTCResumeOfNobody, TestRTCResume,
//     TestUnknownSessionIsJoinedAnew
//   - ICE failed: TestRTCFailedICEAsksToResume; forgotten later: TestRTCLingeringEnds; a peer that
//     closed: TestRTCClosedPeerEndsItsSession
//   - a full reconnect loses nothing: TestRTCFullReconnect; nor a node's restart:
//     TestRTCNodeRestart, TestClassOutlivesTheProgram, TestEverythingIsBackAfterTheProgramWasKilled
//
// Quality:
//   - subscribed_quality_update, downgrades delayed: TestRTCReports, TestWantedLayers
//   - backup codecs: TestRTCBackupCodec, TestBackupCodec, TestSecondCodecsThatNobodyAskedFor
//   - adaptive stream: TestRTCTrackSettings, TestLayerSwitch
//   - simulcast of every codec through switches: TestSimulcastOfEveryCodec
//   - end-to-end encryption: TestRTCEncryptedTracks; its bytes: TestSimulcastOfEveryCodec,
//     TestSealedAudioIsNotTakenApart
//
// Pitfalls:
//  1. the server's version: TestVersionIsOneThatClientsTakeFeaturesFrom
//  2. nobody silent is LOST: TestRTCNobodySilentIsLost
//  3. refresh_token at once and in time: TestRTCJoin, TestRTCTokensAreRefreshedAndExpire
//  4. the answer's id: TestForwarding, TestRTCNegotiation, TestRTCJoinWithOneConnection
//  5. versions grow: TestRTCVersionsGrow, TestRTCParticipantStatesInOrder
//  6. a full ICE agent where one is needed: TestFirefoxIsToldByItsUserAgent,
//     TestRTCJoinWithOneConnection, TestCandidatesTowardOtherHostsAreNeverContacted; over a relay, no
//     address but its own: TestPeerReflexiveIsTheRelaysOwnAddress; both codecs in
//     both shapes: TestEveryCodecArrivesWhole, and both browsers in web/e2e/contract.e2e.ts
//  7. payload types and codecs of the answer: TestAnswerPutsTheAnnouncedCodecFirst, TestMatchCodec,
//     TestBrowsersShapesOfOffers; Opus alike in all sections: TestOpusIsDescribedAlikeInEverySection;
//     a paused rid: TestPausedLayersAreIgnored
//  8. duplicate identity: TestRTCDuplicateIdentity, TestSecondJoinTakesThePlaceOfTheFirst
//  9. frames are bounded, compressed or not: TestRTCMalformedAndOversizedFrames
//  10. TURN credentials name the participant and expire: TestTURNIsNoOpenProxy,
//     TestTURNCredentialsEnd, TestRTCJoin
//
// Reaching every network:
//   - TURN over UDP, TCP and TLS, to this node's media only: TestReachedOverTURN,
//     TestTURNIsNoOpenProxy, TestTURNOverTLS, TestTURNOverTLSOnItsOwnPort, TestTURNClientOnTheSharedPort
//   - ICE over TCP, IPv6, several addresses: TestReachedOverTCP, TestReachedOverIPv6,
//     TestReachedOverTCPAndIPv6, TestReachedAtEveryAddress
//   - the external address by configuration or STUN: TestAnnouncesTheAddressOfTheRouter,
//     TestExternalAddressByASTUNServer
//   - candidates, sections and silence without end: TestFloodOfCandidatesIsBounded,
//     TestDescriptionOf500Sections, TestSilentClientsOnTheTLSPortAreClosed
//   - candidates toward other hosts: TestCandidatesTowardOtherHostsAreNeverContacted
//   - ICE restart with other addresses in mid-class: TestAddressChangesInMidClass
//   - HTTPS, HTTP/2, certificates renewed: TestHTTPS, TestCertificateIsReadAgain,
//     TestCertificateByACME; all of it on one port: TestEverythingOverOnePort
//
// Server API: TestRoomService, TestRoomServiceRefuses, TestServerAPIReachesTheMedia,
// TestServerAPIRemoves.
//   - MoveParticipant: TestMoveParticipant, TestMoveRefuses, TestMoveToAnotherClass
//   - ForwardParticipant, its grants and bounds: TestForwardParticipant, TestForwardRefuses,
//     TestForwardAtOnce; with media, byte for byte: TestForwardToAnotherClass, TestForwardedToAnotherClass
//   - what the other class decides, and its end: TestForwardedGuestIsTheOtherClassesToModerate,
//     TestForwardedAndThereInPerson, TestForwardingEnds, TestForwardedUntil
//   - subscription_permission, keyframes, layers and second codecs across classes:
//     TestForwardedSubscriptionPermission, TestForwardedToAnotherClass, TestForwardedWishesAreUnited,
//     TestForwardedInASecondCodec
//   - services that are not here: TestOtherServicesAreUnimplemented
//
// Tokens:
//   - what they say, and which hold: TestTokenSaysWhoWhereAndAsWhat, TestTokensThatDoNotHold,
//     TestInvites, FuzzToken
//   - LiveKit's grants: TestForeignTokens, TestKeyOfATenant, TestRTCSubscriptions,
//     TestRTCPublishingWithoutPermissionIsRefused
//   - renewed, with what joining needs and no more: TestRefreshKeepsWhatJoiningNeeds,
//     TestRefreshLeavesTheServerAPIOut, TestRefreshKeepsWhatAClassOpensWith, TestLifetimes
//
// Webhooks:
//   - every event, in order, signed: TestEventsOfAClassInOrder
//   - kept until taken, through a kill: TestRestart, TestWebhooksOutliveAKill, TestCompaction
//   - retried with back-off, given up at last, within bounds: TestReceiverThatIsUnwell,
//     TestLanesDoNotWaitForEachOther, TestEventsThatAreTooOldAreGivenUp, TestOverflow
//
// Bad input:
//   - RTCP in floods, of nonsense, of invented streams: TestFeedbackFloods, TestNacksAreBounded,
//     TestInventedSSRCsAreBounded, FuzzFeedback
//   - streams without end, or of which nothing was announced: TestInventedStreamsAreBounded,
//     TestUnannouncedMediaIsBounded, TestEndedStreamIsForgotten; and forty cameras are none:
//     TestFortyCamerasOneAfterTheOther
//   - RTP of nonsense: FuzzReceived, FuzzPacket, FuzzPayload, FuzzSound, FuzzDependency
//   - answers never, twice, or of another connection: TestAnswersOutOfTurn, TestRTCAnswersOutOfTurn
//   - ten thousand data packets a second: TestRTCTenThousandDataPackets, TestReliableFloodWaits
//   - a subscriber that reads nothing: TestRTCReaderThatReadsNothing, TestRTCSubscriberThatTakesNoData,
//     TestChannelThatIsNeverRead, TestRTCChannelThatIsNeverRead, TestReaderOfNoDataIsLetGo; over TCP:
//     TestStalledReaderOverTCPHarmsNobodyElse
//   - candidates and offers without end: TestRTCFloodOfCandidatesAndOffers
package livekit

// Version is the LiveKit server version that clients are told. They gate features on it: 1.8.0
// brings RPC, and anything newer than 1.13.6 would switch on simulcast through SVC.
const Version = "1.13.6"

// Protocol is the version of the signal protocol spoken.
const Protocol = 17
