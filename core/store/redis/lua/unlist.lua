-- Takes a thread that is gone out of its owner's list, unless it has come back.
local id, score = unpack(ARGV)
if redis.call('ZSCORE', KEYS[1], id) == score then
  redis.call('ZREM', KEYS[1], id)
end
return 0
