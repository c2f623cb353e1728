// Hands out what a sweep finds, one word of all banks a clock, lowest bits first.
module tickless_sweep #(
    parameter int WIDTH = 1,
    parameter int PROBE = 0
) (
    input logic clk,
    input logic valid,
    input logic [WIDTH-1:0] data
);
  import "DPI-C" function void tickless_snapshot(
    input int probe,
    input longint word
  );

  localparam int Words = (WIDTH + 63) / 64;
  logic [64*Words-1:0] padded;
  assign padded = (64 * Words)'(data);

  always_ff @(posedge clk)
    if (valid) for (int word = 0; word < Words; word++) tickless_snapshot(PROBE, padded[64*word+:64]);
endmodule
