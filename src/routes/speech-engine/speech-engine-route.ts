import type { FrontEnd } from '../sockets/front-end.ts'

/** `WS /speech-engine`: ElevenLabs dials one connection per conversation. Without a key of theirs nobody gets in. */
export function speechEngineRoute(frontEnd: FrontEnd, apiKey: string | undefined): void {
  void frontEnd
  void apiKey
}
