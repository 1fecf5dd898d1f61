import type { FrontEnd } from '../sockets/front-end.ts'
import type { RetellOptions } from './options.ts'

/** `WS /llm-websocket/:call_id`: Retell dials one connection per call. */
export function retellRoutes(frontEnd: FrontEnd, options: RetellOptions): void {
  void frontEnd
  void options
}
