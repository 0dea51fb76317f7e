/* rollup
title: Bits of quantities, and what holds for all sales or for some
time: sold_at
*/
SELECT date_trunc('day', s.sold_at)::date AS day, s.shop_id, bit_and(s.quantity) AS all_bits, bit_or(s.quantity) AS some_bits,
       bit_xor(s.quantity) AS odd_bits, bool_and(s.quantity > 0) AS all_came, bool_or(s.amount > 100) AS some_dear,
       bit_or(s.buyer_id) FILTER (WHERE s.status = 'done') AS buyers
FROM sale s
GROUP BY 1, 2
