-- Adds a thread without runs: its time, or '' when there is one already.
local nonce, retention, id, agent, name = unpack(ARGV)
local thread = redis.call('HMGET', KEYS[THREAD], 'created', 'nonce')
if thread[1] then
  return thread[2] == nonce and thread[1] or '' -- the same: a repeated call whose answer got lost
end
local at = now()
redis.call('HSET', KEYS[THREAD], 'created', text(at), 'updated', text(at),
  'agent', agent, 'name', name, 'kept', '1', 'nonce', nonce)
keep(retention)
list(id, at, retention)
return text(at)
