// Cells of an ECP5's pins, as its data sheets describe them, without delays.
module IDDRX1F(input D, input SCLK, input RST, output reg Q0, output reg Q1);
  reg rising, falling;
  always @(negedge SCLK) falling <= D;
  always @(posedge SCLK) begin
    rising <= D;
    Q0 <= rising;
    Q1 <= falling;
  end
endmodule

module ODDRX1F(input D0, input D1, input SCLK, input RST, output Q);
  reg rising, falling;
  always @(posedge SCLK) begin
    rising <= D0;
    falling <= D1;
  end
  assign Q = SCLK ? rising : falling;
endmodule

module DELAYG(input A, output Z);
  parameter DEL_MODE = "USER_DEFINED";
  parameter DEL_VALUE = 0;
  assign Z = A;
endmodule
