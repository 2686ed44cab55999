-- Checks the lease, and makes it hold for another term if one is given: 'ok',
-- 'stop' or 'lost'.
local token, retention, ttl = unpack(ARGV)
if redis.call('GET', KEYS[LEASE]) ~= token then
  return 'lost'
end
if ttl ~= '0' then
  redis.call('PEXPIRE', KEYS[LEASE], ttl)
  keep(retention)
end
return redis.call('HGET', KEYS[THREAD], 'stop') and 'stop' or 'ok'
