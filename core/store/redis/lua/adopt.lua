-- Takes the lease of a run whose holder is gone: {status, seq, parent, run, agent}.
local token, ttl = unpack(ARGV)
local holder = redis.call('GET', KEYS[LEASE])
local thread = redis.call('HMGET', KEYS[THREAD], 'run', 'seq', 'parent', 'agent')
if not thread[1] then
  return {'not found'}
end
if holder ~= token then -- else the call is a repeated one whose answer got lost
  if holder then
    return {'locked'}
  end
  redis.call('HDEL', KEYS[THREAD], 'stop')
  redis.call('SET', KEYS[LEASE], token, 'PX', ttl)
end
return {'ok', thread[2] or '0', thread[3] or '', thread[1], thread[4] or ''}
