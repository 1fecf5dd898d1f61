import { suggestion } from '../flow/near-name.ts'
import { headerProblems } from './check-webhooks.ts'
import type { Found } from './problem.ts'
import type { ConfigFile } from './schema.ts'

/** MCP servers that could never be asked, and tools of servers that are not there. */
export function checkMcp({ tools, mcp }: ConfigFile): readonly Found[] {
  const ofServers = Object.entries(mcp).flatMap(([name, { url, headers = {} }]) => {
    const message = 'must not hold credentials; put them in headers'
    const ofUrl = holdsCredentials(url) ? [{ path: ['mcp', name, 'url'], message }] : []
    return [...ofUrl, ...headerProblems(headers, ['mcp', name, 'headers'])]
  })
  const ofTools = Object.entries(tools).flatMap(([name, tool]) => {
    if (tool.type !== 'mcp' || Object.hasOwn(mcp, tool.server)) return []
    const near = suggestion(tool.server, Object.keys(mcp))
    const message = `there is no server ${JSON.stringify(tool.server)} under mcp${near}`
    return [{ path: ['tools', name, 'server'], message }]
  })
  return [...ofServers, ...ofTools]
}

function holdsCredentials(url: string): boolean {
  const { username, password } = new URL(url)
  return username !== '' || password !== ''
}
