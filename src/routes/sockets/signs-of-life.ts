import type { WebSocket } from 'ws'

interface Options {
  /** A connection on which no frame came by then is of no use. */
  readonly firstFrameMs: number
  /** Between two pings of the protocol. */
  readonly heartbeatMs: number
  readonly onNoFrame: () => void
  /** Nothing at all came since the last ping. */
  readonly onSilent: () => void
}

/** Notices a platform that is no longer there, although nobody said that the connection is over. */
export function watchSignsOfLife(ws: WebSocket, options: Options) {
  let isHeard = true
  const note = () => (isHeard = true)
  ws.on('ping', note)
  ws.on('pong', note)
  const firstFrame = setTimeout(options.onNoFrame, options.firstFrameMs)
  const heartbeat = setInterval(() => {
    if (!isHeard) {
      options.onSilent()
      return
    }
    isHeard = false
    ws.ping()
  }, options.heartbeatMs)
  return {
    frameCame: () => {
      isHeard = true
      clearTimeout(firstFrame)
    },
    end: () => {
      clearTimeout(firstFrame)
      clearInterval(heartbeat)
    },
  }
}
